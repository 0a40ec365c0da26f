"""Repair of malformed notebooks: the result is valid, or the error names the place."""

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4
from papermill.execute import remove_error_markers
from papermill.iorw import load_notebook_node

from securenet_obs.errors import NotebookError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.evidence.pages import html_page
from securenet_obs.runner.evidence.saving import save_notebook
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.notebook.preparation import prepare
from securenet_obs.runner.notebook.repair import MAX_DEPTH, repaired

HALF = "\ud800"
V3_CELLS = [
    {"cell_type": "code", "input": ["n = 1\n", "n"], "language": "python", "outputs": []},
    {"cell_type": "heading", "level": 2, "source": "A claim"},
]


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def document(*cells: Any, **fields: Any) -> dict[str, Any]:
    """Return a notebook's JSON as in a file, with these cells or one."""
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells) or [cell()]}
    return content | fields


def cell(**fields: Any) -> dict[str, Any]:
    empty = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": "a", "metadata": {}, "source": "1", **empty, **fields}


def prose(**fields: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "# 1", **fields}


REPAIRED = {
    "tags that are null": document(cell(metadata={"tags": None})),
    "tags of other types": document(cell(metadata={"tags": [1, None, "a", "a", [], ""]})),
    "an odd id": document(cell(id="an odd id")),
    "an id that is a number": document(cell(id=7)),
    "an id that is too long": document(cell(id="a" * 65)),
    "ids that a run uses": document(cell(id="injected-parameters"), cell(id="securenet-banner")),
    "the same id twice": document(cell(), cell(), cell(id="cell-1")),
    "no metadata": {"nbformat": 4, "cells": [{"cell_type": "code", "source": "1"}]},
    "metadata that is null": document(cell(metadata=None), metadata=None),
    "a kernelspec without a name": document(metadata={"kernelspec": {"language": "python"}}),
    "a kernelspec of odd types": document(metadata={"kernelspec": {"name": 3}}),
    "a kernelspec that is null": document(metadata={"kernelspec": None, "language_info": None}),
    "metadata that the schema refuses": document(
        cell(metadata={"collapsed": "yes", "jupyter": 3}), metadata={"authors": 3, "title": []}
    ),
    "outputs that are not a list": document(cell(outputs={"a": 1})),
    "outputs that are nested deeply": document(cell(outputs=nested(300))),
    "outputs of prose": document(prose(outputs=[], execution_count=3)),
    "unknown fields": document(cell(language="x"), worksheets=[]),
    "attachments that are null": document(prose(attachments=None)),
    "attachments of code": document(cell(attachments=[1])),
    "an odd minor version": document(nbformat_minor="x"),
    "a huge minor version": document(nbformat_minor=10**100),
    "a format that is a float": document(nbformat=4.0),
    "metadata of a run": document(
        cell(metadata={"papermill": "x", "securenet": 1}), metadata={"papermill": 1, "widgets": 5}
    ),
    "half a character in prose": document(prose(source=HALF), metadata={HALF: HALF}),
    "format 3": {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": V3_CELLS}]},
    "format 1": {"nbformat": 1, "cells": [{"cell_type": "code", "code": "1"}]},
}
REFUSED = {
    "[]": [],
    "an unknown format": document(nbformat=5),
    "a format that is a text": document(nbformat="4"),
    "a format that is true": document(nbformat=True),
    "a format that is nested": document(nbformat=nested(900)),
    "no format": {"cells": [], "metadata": {}},
    "format 3 with broken cells": {"nbformat": 3, "worksheets": [{"cells": [1]}]},
    "format 3 without outputs": {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code"}]}]},
    "no cells": {"nbformat": 4, "metadata": {}},
    "cells that are an object": document(cells={}),
    "a cell that is a text": document("print(1)"),
    "an unknown type of cell": document(cell(cell_type="Code")),
    "a type that is nested": document(cell(cell_type=nested(900))),
    "no source": document({"cell_type": "code", "metadata": {}}),
    "lines that are numbers": document(cell(source=["a", 1])),
    "half a character in code": document(cell(source=f"'{HALF}'")),
    "tags that are an object": document(cell(metadata={"tags": {"parameters": 1}})),
    "metadata that is a list": document(metadata=["x"]),
    "attachments that are a list": document(prose(attachments=[1])),
    "attachments that are numbers": document(prose(attachments={"a.png": {"image/png": 3}})),
    "deep metadata": document(metadata={"x": nested(MAX_DEPTH + 1)}),
    "another language": document(metadata={"language_info": {"name": "R"}}),
    "another language in format 3": {
        "nbformat": 3, "worksheets": [{"cells": [{**V3_CELLS[0], "language": "ruby"}]}],
    },
}  # fmt: skip
PLACES = {
    "lines that are numbers": "cells[0].source[1]: a text is required, not a number",
    "a cell that is a text": "cells[0]: an object is required, not a text",
    "attachments that are numbers": "cells[0].attachments.a.png.image/png",
    "tags that are an object": "cells[0].metadata.tags",
    "half a character in code": "cells[0].source, line 1: U+D800",
}


def is_whole(content: dict[str, Any]) -> None:
    """Assert the properties that a run requires beyond nbformat's schema."""
    json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    names = [cell["id"] for cell in content["cells"]]
    assert len(set(names)) == len(names)
    assert not {"injected-parameters", "securenet-banner", "first-failing-cell"} & set(names)
    assert all(not {"papermill", "securenet"} & set(cell["metadata"]) for cell in content["cells"])
    assert not {"papermill", "widgets"} & set(content["metadata"])


def is_runnable(content: dict[str, Any], folder: Path) -> None:
    """Prepare, validate and save a document as a run does, without a kernel."""
    path = folder / "n.ipynb"
    path.write_text(json.dumps(content))
    notebook = read_notebook(path, plain=True)
    is_whole(notebook.document)
    document = prepare(notebook, {"n": 1}).document
    nbformat.validate(document, relax_add_props=False)
    save_notebook(path, document, Masker(), last=False)
    remove_error_markers(load_notebook_node(str(path)))


@pytest.mark.parametrize("name", REPAIRED)
def test_harmless_faults_are_repaired(name: str, tmp_path: Path) -> None:
    """The repaired document is valid and can be run; the original is unchanged."""
    before = copy.deepcopy(REPAIRED[name])
    content = repaired(REPAIRED[name])
    assert before == REPAIRED[name]
    nbformat.validate(content, relax_add_props=False)
    is_whole(content)
    is_runnable(content, tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_faults_are_refused(name: str) -> None:
    """The error has the place, in one line of bounded length."""
    with pytest.raises(NotebookError) as caught:
        repaired(REFUSED[name])
    text = str(caught.value)
    assert PLACES.get(name, "") in text
    assert "\n" not in text
    assert len(text) < 400


def test_a_repair_keeps_sources_and_tags() -> None:
    """Sources, tags and valid ids are kept, and format 3 becomes the same cells of format 4."""
    tagged = cell(metadata={"tags": "parameters"}, source=["a = 1\n", "b = 2"])
    content = repaired(document(tagged, cell(id="x y", source="2")))
    first, second = content["cells"]
    assert (first["id"], first["source"]) == ("a", "a = 1\nb = 2")
    assert first["metadata"]["tags"] == ["parameters"]
    assert (second["id"], second["source"]) == ("cell-1", "2")
    old = repaired(REPAIRED["format 3"])["cells"]
    assert [row["source"] for row in old] == ["n = 1\nn", "## A claim"]


ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from([HALF, 10**400, "parameters", "code", "python", 4, 3, "ir", "data"])
)  # fmt: skip
JSON = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a JSON value with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    inner = [row for _, part in pairs if isinstance(part, dict | list) for row in places(part)]
    return [
        (value, key) for key in (value if isinstance(value, dict) else range(len(value)))
    ] + inner


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a valid notebook's JSON with up to three values replaced or removed."""
    node = v4.new_notebook(
        metadata={"kernelspec": {"name": "p", "display_name": "P", "language": "python"}}
    )
    output = v4.new_output("stream", text="1")
    node.cells = [
        v4.new_markdown_cell("# A", attachments={"a": {"image/png": "aa"}}),
        v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]}, outputs=[output]),
    ]
    content = json.loads(nbformat.writes(node))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(places(content)))
        if draw(st.booleans()):
            container[key] = draw(JSON)
        else:
            del container[key]
        if not places(content):
            break
    return content


@given(mutated())
@settings(max_examples=100, deadline=None)
def test_a_mutated_notebook_is_runnable_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: Any
) -> None:
    """Any content yields a runnable notebook or a NotebookError."""
    with suppress(NotebookError):
        is_runnable(content, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("name", ["unknown fields", "metadata of a run", "format 3"])
def test_a_repaired_notebook_has_a_page(name: str) -> None:
    """A repaired notebook can be rendered as a page."""
    assert "<title>n</title>" in html_page("n", repaired(REPAIRED[name]))


def test_repaired_notebooks_run(
    execute: Callable[..., Outcome], tmp_path: Path, command_line: Callable[..., Any]
) -> None:
    """Repaired notebooks pass with closed evidence; a refused one exits with 2 and one sentence."""
    paths = []
    for name in ("tags that are null", "a kernelspec without a name", "the same id twice"):
        paths.append(tmp_path / f"{name}.ipynb")
        paths[-1].write_text(json.dumps(REPAIRED[name]))
    outcome = execute(*paths, plain=True)
    assert [(row.judged or {})["verdict"] for row in outcome.runs] == ["passed"] * 3
    assert len(list(outcome.folder.glob("*.html"))) == 4  # three pages, and the index
    (tmp_path / "broken.ipynb").write_text(json.dumps(REFUSED["lines that are numbers"]))
    answer = command_line("run", "broken.ipynb", "--plain")
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert "broken.ipynb: not a notebook that can be run: cells[0].source[1]" in answer.stderr
