"""Builds the index of runbooks from the metadata of their notebooks."""

from pathlib import Path

from securenet_obs.errors import NotebookError
from securenet_obs.matching import Entry, Index
from securenet_obs.runner.notebook.catalog import Notebook, find_all


def build_index(root: Path) -> Index:
    """Return the index of the runbooks below a project root.

    Raises:
        NotebookError: a notebook is broken, or one of its patterns cannot be used.
    """
    found = [notebook for notebook in find_all(root) if notebook.declared.kind == "runbook"]
    try:
        return Index.of(map(_entry, found))
    except ValueError as error:
        raise NotebookError(f"metadata `securenet`: patterns: {error}") from None


def _entry(notebook: Notebook) -> Entry:
    declared = notebook.declared
    return Entry(
        notebook.name,
        notebook.title,
        declared.severity,
        tuple(declared.patterns),
        tuple(declared.fallback_patterns),
        tuple(declared.symptoms),
        tuple(declared.failed_checks),
    )
