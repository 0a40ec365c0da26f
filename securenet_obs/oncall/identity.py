"""Identity of a run: its target without secrets, its notebook's cells, its parameters, its user."""

import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from securenet_obs.probes.celery.redis_reading import format_address
from securenet_obs.runner.evidence.folder import EVIDENCE_ROOT
from securenet_obs.runner.notebook.catalog import FOLDERS, PARAMETERS, Notebook, read_notebook
from securenet_obs.runner.notebook.roots import default_root
from securenet_obs.runner.plain_text import plain_text
from securenet_obs.settings import Settings

UNBOUND = frozenset({"confirm", "i_am"})
"""Parameters that a confirmation is not bound to: they confirm."""

_MAX_VALUE = 500
_MAX_NAME = 80

_EVIDENCE = "SECURENET_OBS_EVIDENCE"
_NOTEBOOK = "SECURENET_OBS_NOTEBOOK"
_CALL = re.compile(r"""\bact\(\s*(confirm\s*=\s*)?(["'])\w*\2\s*\)""")
_ASSIGNMENT = re.compile(r"""^confirm(\s*:\s*str)?\s*=\s*(["'])\w*\2\s*(#.*)?$""", re.MULTILINE)
"""A confirmation as an argument, and in a line of its own: neither is an edit of the cells."""


def describe_target(settings: Settings) -> dict[str, str]:
    """Return the facts that identify a target: Redis, Sentry project and environment."""
    project = "/".join(filter(None, (settings.sentry_org, settings.sentry_project)))
    return {
        "redis": format_address(settings.redis_url),
        "sentry": f"{settings.sentry_url} {project}".strip(),
        "environment": settings.environment,
    }


def find_runbook(name: str) -> Notebook:
    """Return a runbook by its name: that of the run, of the working folder, or the installed one.

    Raises:
        NotebookError: it does not exist or is broken.
    """
    running = Path(os.environ.get(_NOTEBOOK, ""))
    if running.stem == name:
        return read_notebook(running)
    here = Path.cwd()
    folders = (here, here / "runbooks", default_root() / "runbooks")
    paths = [folder / f"{name}.ipynb" for folder in folders]
    return read_notebook(next((path for path in paths if path.exists()), paths[-1]))


def find_evidence_folder() -> Path:
    """Return the folder of the run's own evidence; without a run, the folder of all evidence."""
    run = os.environ.get(_EVIDENCE)
    return Path(run) if run else find_evidence_root()


def find_evidence_root() -> Path:
    """Return the folder of all evidence: of the run, of JupyterLab's command, of the project."""
    if run := os.environ.get(_EVIDENCE):
        return Path(run).parent
    if root := os.environ.get(EVIDENCE_ROOT):
        return Path(root)
    here = Path.cwd()
    return (here.parent if here.name in FOLDERS else here) / "evidence"


def compute_cells_digest(notebook: Notebook) -> str:
    """Return the digest of a notebook's code, without parameters and without confirmations."""
    cells = [
        _ASSIGNMENT.sub("", _CALL.sub("act()", str(cell["source"]))).strip()
        for cell in notebook.document["cells"]
        if cell["cell_type"] == "code" and PARAMETERS not in (cell["metadata"].get("tags") or [])
    ]
    return hashlib.sha256("\0".join(filter(None, cells)).encode()).hexdigest()[:16]


def read_parameters(notebook: Notebook, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the present values of a notebook's parameters as text, except `UNBOUND`."""
    names = [row.name for row in notebook.schema.parameters if row.name not in UNBOUND]
    return {name: _shorten(repr(values.get(name))) for name in names}


def _shorten(text: str) -> str:
    """Return a text that fits into a line; a longer one is identified by its digest."""
    if len(text) <= _MAX_VALUE:
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{text[:_MAX_VALUE]}... ({len(text)} characters, SHA-256 {digest})"


def clean_name(name: str) -> str:
    """Return a user's name as one short line."""
    return " ".join(plain_text(name).split())[:_MAX_NAME]


def find_user() -> str:
    """Return user and host of this process."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
