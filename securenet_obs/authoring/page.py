"""A notebook as lint reads it: declarations, cells with sources, syntax trees and outputs."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from securenet_obs.authoring.finding import Finding
from securenet_obs.runner.notebook.catalog import PARAMETERS, Notebook, read_notebook
from securenet_obs.runner.notebook.metadata import Declared
from securenet_obs.runner.notebook.notebook_file import read_json

IGNORED_OUTPUT = "secret-output"
"""Tag of a cell whose output is not stored, because it looks like a secret."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: its number, counted from 1 over all cells.
        kind: `code`, `markdown` or `raw`.
        source: its text.
        tags: its tags.
        outputs: its stored outputs, in nbformat's form.
        count: its execution count.
    """

    number: int
    kind: str
    source: str
    tags: tuple[str, ...] = ()
    outputs: tuple[Mapping[str, Any], ...] = ()
    count: int | None = None

    @cached_property
    def tree(self) -> ast.Module | None:
        """Its syntax tree, in which a magic or a shell escape is a call of `get_ipython()`.

        None if the syntax is invalid.
        """
        return _parse(self.source) or _parse(_replace_magics(self.source))

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """The nodes of its syntax tree."""
        return ast.walk(self.tree) if self.tree else iter(())

    def output_texts(self) -> Iterator[str]:
        """Yield the texts of its outputs that a reader sees, without pictures and HTML."""
        for output in self.outputs:
            yield _join(output.get("text", ""))
            yield "\n".join(map(str, output.get("traceback", ())))
            data = output.get("data", {})
            yield _join(data.get("text/plain", data.get("text/markdown", "")))


@dataclass(frozen=True)
class Page:
    """A notebook, read for lint."""

    path: Path
    notebook: Notebook
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def declared(self) -> Declared:
        """Its declarations."""
        return self.notebook.declared

    @property
    def code(self) -> tuple[Cell, ...]:
        """Its code cells."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def parameters(self) -> Cell | None:
        """Its `parameters` cell."""
        return next((cell for cell in self.code if PARAMETERS in cell.tags), None)

    @property
    def is_executed(self) -> bool:
        """Whether any of its cells has an execution count or an output."""
        return any(cell.count is not None or cell.outputs for cell in self.code)

    def find(self, rule: str, problem: str, cell: Cell | None = None) -> Finding:
        """Return a finding of this notebook."""
        return Finding(str(self.path), rule, problem, cell.number if cell else None)

    def find_open(self, rule: str, problem: str) -> Finding:
        """Return a finding that is open while the notebook is a draft."""
        return Finding(str(self.path), rule, problem, is_open=self.declared.draft)


def read_page(path: Path, *, plain: bool = False) -> Page:
    """Read a notebook with its outputs.

    Args:
        path: path of the file.
        plain: whether to read it without its declarations, as a foreign notebook.

    Raises:
        NotebookNotFoundError: the file does not exist.
        NotebookError: the notebook cannot be run as it is, or its metadata is invalid.
    """
    notebook = read_notebook(path, plain=plain)
    document = read_json(path)
    # A file of format 3 has no cells at its top; its repaired ones have no outputs.
    rows = document.get("cells") or notebook.document["cells"]
    cells = tuple(_cell(number, row) for number, row in enumerate(rows, 1))
    return Page(path, notebook, cells, document.get("metadata") or {})


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _replace_magics(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    manager = TransformerManager()  # type: ignore[no-untyped-call]
    return str(manager.transform_cell(source))


def _cell(number: int, row: Mapping[str, Any]) -> Cell:
    return Cell(
        number,
        str(row["cell_type"]),
        _join(row.get("source", "")),
        tuple((row.get("metadata") or {}).get("tags") or ()),
        tuple(row.get("outputs") or ()),
        row.get("execution_count"),
    )


def _join(text: Any) -> str:
    """Return a text that nbformat stores whole or as a list of lines."""
    return text if isinstance(text, str) else "".join(map(str, text))
