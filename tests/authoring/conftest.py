"""Fixture: notebooks that keep every rule, but for one change."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.authoring.page import Page, read_page

Change = Callable[[dict[str, Any]], None]
MakePage = Callable[..., Page]


@pytest.fixture
def make_page(tmp_path: Path) -> MakePage:
    """Return a function that reads the template of a kind after some changes of its document."""

    def make(*changes: Change, kind: str = "validation") -> Page:
        template = files("securenet_obs.authoring").joinpath("templates", f"{kind}.ipynb")
        document = json.loads(template.read_text())
        for change in changes:
            change(document)
        path = tmp_path / "01_changed.ipynb"
        path.write_text(json.dumps(document))
        return read_page(path)

    return make


def code_cells(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the code cells of a document."""
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


def appending(source: str, number: int = 2) -> Change:
    """Return a change: this code follows that of a code cell, counted from 0."""
    return lambda document: code_cells(document)[number]["source"].append(f"\n{source}")


def declaring(**fields: Any) -> Change:
    """Return a change of the declarations."""
    return lambda document: document["metadata"]["securenet"].update(fields)


def executed(document: dict[str, Any]) -> None:
    """Store counts, the digest and the output of the check, as a run does."""
    from securenet_obs.authoring.recording import KEY, compute_digest
    from securenet_obs.checks import CHECK_MIME

    cells = code_cells(document)
    for number, cell in enumerate(cells, 1):
        cell["execution_count"] = number
    name = document["metadata"]["securenet"]["checks"][0]
    data = {"text/plain": f"passed {name}", CHECK_MIME: {"name": name}}
    cells[-2]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    digest = compute_digest("".join(cell["source"]) for cell in cells)
    document["metadata"][KEY] = {"code_sha256": digest}
