"""Every runbook verifies its action by values that it reads after the action."""

import ast
from pathlib import Path

import nbformat
import pytest

PROJECT = Path(__file__).parents[2]
RUNBOOKS = sorted(PROJECT.glob("runbooks/[!0]*.ipynb"))
LOOKS = ("## Look", "## Decide")
"""Sections that read values before the action."""


def names(sources: list[str], context: type[ast.expr_context]) -> set[str]:
    """Return the names that code reads (`Load`) or assigns (`Store`)."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.id for node in nodes if isinstance(node, ast.Name) and type(node.ctx) is context}


def stale(book: nbformat.NotebookNode) -> set[str]:
    """Return the names that the verification uses and that were assigned before the action."""
    sections: dict[str, list[str]] = {}
    section = ""
    for cell in book.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            section = cell.source.splitlines()[0]
        elif cell.cell_type == "code":
            sections.setdefault(section, []).append(cell.source)
    verify = sections["## Verify"]
    looks = [s for name, cells in sections.items() for s in cells if name in LOOKS]
    return names(verify, ast.Load) & names(looks, ast.Store) - names(verify, ast.Store)


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_the_verification_reads_everything_anew(path: Path) -> None:
    """A value from before the action proves nothing about the repair."""
    assert stale(nbformat.read(path, as_version=4)) == set()


def test_a_value_from_before_the_action_is_found() -> None:
    """The test above can fail."""
    book = nbformat.v4.new_notebook()
    for heading, source in (
        ("## Connect", "probe = 1"),
        ("## Look", "consumers = probe"),
        ("## Verify", "after = probe\nprint(after, consumers)"),
    ):
        book.cells += [nbformat.v4.new_markdown_cell(heading), nbformat.v4.new_code_cell(source)]
    assert stale(book) == {"consumers"}
