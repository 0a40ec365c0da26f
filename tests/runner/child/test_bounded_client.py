"""Bounded client: evidence keeps the last state of each output of a cell, as papermill does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.child.output import MAX_BYTES
from securenet_obs.runner.command import Outcome

Run = Callable[..., list[list[dict[str, Any]]]]

CLEAR = "from IPython.display import clear_output, display, update_display\n"


@pytest.fixture
def outputs(write_notebook: Callable[..., Path], execute: Callable[..., Outcome]) -> Run:
    """Return a function that runs cells and returns the outputs of each in the evidence."""

    def run(*cells: str) -> list[list[dict[str, Any]]]:
        outcome = execute(write_notebook(*cells), plain=True)
        assert str(outcome.verdict) == "passed"
        document = json.loads((outcome.folder / "a_claim.ipynb").read_text())
        return [cell["outputs"] for cell in document["cells"] if cell["cell_type"] == "code"]

    return run


def texts_of(outputs: list[dict[str, Any]]) -> list[Any]:
    """Return the content of each output, as text or as data."""
    bundles = [output.get("data", {"text/plain": output.get("text")}) for output in outputs]
    return [data.get("application/json", data.get("text/plain")) for data in bundles]


CELLS: dict[str, tuple[str, list[Any]]] = {
    "cleared text": (
        "for i in range(20):\n    clear_output(wait=True)\n    print('step', i, 'x' * 100_000)",
        ["step 19 " + "x" * 100_000 + "\n"],
    ),
    "cleared text at once": (
        "for i in range(20):\n    print('step', i, 'x' * 100_000)\n"
        "    if i < 19: clear_output(wait=False)",
        ["step 19 " + "x" * 100_000 + "\n"],
    ),
    "cleared displays": (
        "for i in range(20):\n    clear_output(wait=True)\n"
        "    display({'text/plain': 'x' * 200_000}, raw=True)\n    display(i)",
        ["x" * 200_000, "19"],
    ),
    "cleared before something else": (
        "print('gone')\nclear_output(wait=True)\ndisplay('kept')\nprint('too')",
        ["'kept'", "too\n"],
    ),
    "cleared before nothing": ("print('kept')\nclear_output(wait=True)", ["kept\n"]),
    "no texts": (
        "class A:\n    def _repr_mimebundle_(self, **_): return {'text/plain': 5}\n"
        "for value in (None, 3.5, True, {'a': 1}, ['a', 3]):\n"
        "    display({'text/plain': value}, raw=True)\n"
        "handle = display('first', display_id=True)\n"
        "handle.update({'text/plain': 7}, raw=True)\nA()",
        ["null", "3.5", "true", '{"a": 1}', '["a", 3]', "7", "5"],
    ),
    "lines, and JSON": (
        "display({'text/plain': ['a\\n', 'b']}, raw=True)\n"
        "display({'application/json': 5}, raw=True)",
        [["a\n", "b"], 5],
    ),
    "cleared for good": ("print('gone')\nclear_output()", []),
    "updated display": (
        "handle = display('first', display_id=True)\nprint('between')\n"
        "for i in range(20): handle.update({'text/plain': f'{i} ' + 'x' * 200_000}, raw=True)",
        ["19 " + "x" * 200_000, "between\n"],
    ),
    "updated display of the same id": (
        "display(1, display_id='one')\n_ = display(2, display_id='one')", ["2", "2"],
    ),
    "update after a clear": (
        "handle = display('first', display_id=True)\nclear_output()\nhandle.update('second')", [],
    ),
    "progress bar": (
        "import sys\nfor i in range(20000):\n"
        "    print(f'\\r{i:05} ' + '#' * 100, end='', flush=i % 500 == 0)\nprint()",
        ["19999 " + "#" * 100 + "\n"],
    ),
    "numbers": (
        "for data in (5, {'a': [1, 2]}): display({'application/json': data}, raw=True)",
        [5, {"a": [1, 2]}],
    ),
}  # fmt: skip


def test_the_last_state_of_each_output_is_kept(outputs: Run) -> None:
    """Text, displays and updates keep their last state, cleared at once or at the next output."""
    cells = [CLEAR + cell for cell, _ in CELLS.values()]
    stored = dict(zip(CELLS, outputs(*cells), strict=True))
    assert {name: texts_of(rows) for name, rows in stored.items()} == {
        name: expected for name, (_, expected) in CELLS.items()
    }


def test_an_update_cannot_grow_beyond_the_bounds(outputs: Run) -> None:
    """An update that exceeds the bound is not applied, and a remark states the omitted bytes."""
    cell = f"handle = display('first', display_id=True)\nhandle.update('x' * {2 * MAX_BYTES})"
    ((first, remark),) = outputs(CLEAR + cell)
    assert first["data"]["text/plain"] == "'first'"
    assert "bytes of output are not kept" in remark["text"]
