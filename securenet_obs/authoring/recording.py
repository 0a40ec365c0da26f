"""Record of stored outputs: a digest of the code that they came from, in the file's metadata.

`make record` executes notebooks and runs this package; lint compares the digest with the code.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

KEY = "securenet_outputs"
"""Key of the record in the metadata of a notebook, beside the declarations."""


def compute_digest(sources: Iterable[str]) -> str:
    """Return the SHA-256 of the sources of all code cells, in their order."""
    return hashlib.sha256(json.dumps(list(sources)).encode()).hexdigest()


def read_digest(metadata: Mapping[str, Any]) -> str:
    """Return the recorded digest; empty without a record."""
    record = metadata.get(KEY)
    return str(record.get("code_sha256", "")) if isinstance(record, Mapping) else ""


def record_digest(path: Path) -> None:
    """Write the digest of the code into the metadata of a notebook that was just executed."""
    import nbformat

    document = nbformat.read(path, as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    sources = [cell.source for cell in document.cells if cell.cell_type == "code"]
    document.metadata[KEY] = {"code_sha256": compute_digest(sources)}
    nbformat.write(document, path)  # type: ignore[no-untyped-call]
