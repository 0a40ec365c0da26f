"""Redacts logs without secrets and lists each value that changes.

    python -m tests.redaction.innocent [FOLDER]

The folder holds JSON documents, JSON lines and texts, plain or compressed with gzip; without one it
is `../shared/data` beside the project. The exit status is 1 if more than `MOST` of the values
change.
"""

import argparse
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securenet_obs.redaction import redact

DATA = Path(__file__).parents[3] / "shared" / "data"
MOST = 0.002
"""Maximum share of the values that may change."""

_OTHER = {".zip", ".xsd", ".ipynb"}


@dataclass(frozen=True)
class Change:
    """A value that redaction has changed: its file, its place in the document, both texts."""

    file: str
    place: str
    before: str
    after: str


def documents(file: Path) -> Iterator[Any]:
    """Yield the documents of a file: the whole as JSON, else each line as JSON or as text."""
    data = file.read_bytes()
    if file.suffix == ".gz":  # of a file that is cut off, as much as there is
        data = zlib.decompressobj(wbits=31).decompress(data)
    text = data.decode("utf-8", "replace")
    try:
        yield json.loads(text)
    except ValueError:
        for line in text.splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                yield line


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each single value of a document with its place."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{place}.{name}")
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, f"{place}[]")
    else:
        yield place, value


def compare(folder: Path) -> tuple[int, list[Change]]:
    """Return the number of values in a folder's files, and those that redaction changes."""
    total, changes = 0, []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.suffix in _OTHER or file.name.startswith("LICENSE"):
            continue
        for document in documents(file):
            before, after = list(leaves(document)), list(leaves(redact(document)))
            total += len(before)
            changes += [
                Change(file.name, old[0], str(old[1]), str(new[1]))
                for old, new in zip(before, after, strict=True)
                if old != new
            ]
    return total, changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each place with changed values, and their share; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    total, changes = compare(parser.parse_args(arguments).folder)
    first = {(change.file, change.place): change for change in reversed(changes)}
    for place, number in Counter((one.file, one.place) for one in changes).most_common():
        change = first[place]
        print(f"{number} x {change.file} {change.place}: {change.before!r} -> {change.after!r}")
    print(f"{len(changes)} of {total} values change ({len(changes) / total:.3%})")
    return int(len(changes) > MOST * total)


if __name__ == "__main__":
    sys.exit(main())
