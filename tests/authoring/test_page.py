import ast
import json
from pathlib import Path

import pytest

from securenet_obs.authoring.page import Cell, read_page
from securenet_obs.errors import NotebookError
from tests.authoring.conftest import MakePage, declaring


def test_cells_are_read_with_numbers_tags_and_outputs(make_page: MakePage) -> None:
    """Cells are counted from 1 over all cells, and the parameters cell is known."""
    page = make_page()
    assert [cell.number for cell in page.cells] == list(range(1, len(page.cells) + 1))
    assert page.parameters is not None
    assert "deadline_s: float" in page.parameters.source
    assert not page.is_executed
    assert not page.find_open("drill", "none").is_open
    assert make_page(declaring(draft=True)).find_open("drill", "none").is_open


def test_magics_and_escapes_are_read_as_python() -> None:
    """A cell of IPython has a syntax tree; invalid code has none."""
    for source in ("!ls", "%matplotlib inline", "names = !ls", "if True:\n    !ls"):
        names = [node.id for node in Cell(1, "code", source).nodes if isinstance(node, ast.Name)]
        assert "get_ipython" in names
    assert Cell(1, "code", "def").tree is None


def test_the_texts_of_outputs_are_those_that_a_reader_sees() -> None:
    """Streams, tracebacks and plain texts are read, whole or as a list of lines."""
    outputs = (
        {"text": ["a\n", "b"]},
        {"traceback": ["c"]},
        {"data": {"text/plain": "d", "text/html": "e"}},
    )
    texts = [text for text in Cell(1, "code", "", outputs=outputs).output_texts() if text]
    assert texts == ["a\nb", "c", "d"]


def test_a_file_that_is_no_notebook_is_refused(tmp_path: Path) -> None:
    """The reason has the path."""
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(NotebookError, match=r"a\.ipynb"):
        read_page(tmp_path / "a.ipynb")


def test_faults_that_are_repaired_for_a_run_are_read_too(tmp_path: Path) -> None:
    """Null in place of metadata, tags or outputs, and a file of format 3."""
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "source": "1", "metadata": None, "outputs": None}
    document = {"cells": [cell], "metadata": None, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))
    (read,) = read_page(path, plain=True).cells
    assert (read.source, read.tags, read.outputs) == ("1", (), ())
    old = {"cell_type": "code", "input": "2", "outputs": [], "language": "python"}
    document = {"worksheets": [{"cells": [old]}], "metadata": {}, "nbformat": 3}
    path.write_text(json.dumps({**document, "nbformat_minor": 0}))
    assert [cell.source for cell in read_page(path, plain=True).cells] == ["2"]
