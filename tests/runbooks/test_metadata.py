"""Every runbook has a pattern, an incident that proves it, a verification and a stop condition."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.authoring.declarations import find_missing_parts
from securenet_obs.authoring.page import read_page

PROJECT = Path(__file__).parents[2]

RUNBOOKS = sorted(PROJECT.glob("runbooks/[!0]*.ipynb"))


def find_missing(path: Path) -> set[str]:
    """Return the parts that a runbook lacks to be trusted."""
    return {finding.rule for finding in find_missing_parts(read_page(path))}


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_it_can_be_trusted(path: Path) -> None:
    """Nothing that a tired person relies on is missing."""
    assert find_missing(path) == set()


def without(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of a document's metadata."""
    return lambda document: document["metadata"]["securenet"].update({key: value})


def replacing(text: str) -> Callable[[dict[str, Any]], None]:
    """Return a change of a document: this text is nowhere."""

    def replace(document: dict[str, Any]) -> None:
        for cell in document["cells"]:
            cell["source"] = str(cell["source"]).replace(text, "")

    return replace


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (without("patterns", []), "patterns"),
        (without("drill", ""), "drill"),
        (without("drill", "worker-gone"), "drill"),
        (without("owner", ""), "owner"),
        (without("checks", []), "checks"),
        (replacing("**Stop and call"), "stop condition"),
        (replacing("runbook.verify("), "verification"),
    ],
)
def test_a_runbook_without_it_is_found(
    change: Callable[[dict[str, Any]], None], missing: str, tmp_path: Path
) -> None:
    """The test above can fail."""
    path = PROJECT / "runbooks" / "queue_is_growing.ipynb"
    document = copy.deepcopy(json.loads(path.read_text()))
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"])
    change(document)
    broken = tmp_path / path.name
    broken.write_text(json.dumps(document))
    assert missing in find_missing(broken)
