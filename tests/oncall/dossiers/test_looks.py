"""Outputs of a look, and looks that cannot be run."""

import json
from pathlib import Path

import pytest

from securenet_obs.oncall.dossiers import looks
from securenet_obs.oncall.dossiers.looks import Look, Looker
from securenet_obs.oncall.shown import STEP_MIME
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import target_of

PROJECT = Path(__file__).parents[3]

TABLE = {
    "text/plain": "-> full: 99 %\n     find it: securenet-obs run redis_is_full\n   other: no",
    "text/html": ["<table>", "</table>"],
    STEP_MIME: {"rows": [{"finding": "full", "applies": True}, {"finding": "o", "applies": False}]},
}


def shown(data: dict[str, object]) -> dict[str, object]:
    return {"output_type": "display_data", "data": data}


def read(*outputs: dict[str, object]) -> Look:
    """Return the look of a notebook with these outputs, each in a cell."""
    seen = [*looks._until_decision([{}, *({"outputs": [output]} for output in outputs)])]
    return Look(
        "r", "R", "securenet-obs run r",
        tuple(looks._list_applying(seen)), "",
        tuple(map(looks._render, seen)), tuple(looks._list_steps(seen)),
    )  # fmt: skip


def test_outputs_end_with_the_decision_table() -> None:
    """What follows is a dry run of an action; the step of a row has its own command."""
    first = shown({"text/plain": "a < b"})
    plot = shown({"image/png": "iVBORw0\n", "text/plain": "<Figure>"})
    look = read(first, plot, shown(TABLE), shown({"text/plain": "DRY RUN"}))
    assert look.outputs[0] == "<pre>a &lt; b</pre>"
    assert look.outputs[1].startswith('<img alt="plot" src="data:image/png;base64,iVBORw0"')
    assert look.outputs[2:] == ("<table></table>",)
    assert look.applying == ("full",)
    assert look.next_command == "securenet-obs run redis_is_full"


def test_outputs_end_with_an_error() -> None:
    """Cells behind it have remarks that they did not run."""
    error = {"output_type": "error", "ename": "UnreachableError", "evalue": "no <answer>"}
    look = read(error, shown({"text/plain": "This cell did not run."}))
    assert look.outputs == ("<pre>UnreachableError: no &lt;answer&gt;</pre>",)
    assert look.next_command == "securenet-obs run r"


def test_a_look_that_cannot_be_run_has_its_reason(tmp_path: Path) -> None:
    """A runbook that is gone, or one that is broken, is no reason to have no dossier."""
    target = target_of("t", {"REDIS_URL": "redis://127.0.0.1:1/0"})
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "broken.ipynb").write_text("{")
    looker = Looker(tmp_path, tmp_path / "runs", target, Stop())
    assert "gone" in looker.look("gone", {}).problem
    assert "broken.ipynb" in looker.look("broken", {}).problem


@pytest.mark.parametrize(
    ("problem", "command"),
    [
        ("unreachable: redis://h:1/0 (REDIS_URL) does not answer", "securenet-obs probe redis"),
        ("unreachable: The store s (DATABASE_URL) does not answer.", "securenet-obs probe store"),
        ("error: a bug", "securenet-obs run r"),
    ],
)
def test_a_failed_look_leads_to_the_part_that_is_missing(problem: str, command: str) -> None:
    """By its probe; without a part in the reason, to the look again."""
    assert Look("r", "R", "securenet-obs run r", problem=problem).next_command == command


def test_old_runs_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "MAX_RUNS", 2)
    for number in range(4):
        (tmp_path / f"2026112{number}" / "inner").mkdir(parents=True)
    (tmp_path / "oncall.jsonl").write_text(json.dumps({}))
    target = target_of("t", {})
    Looker(tmp_path, tmp_path, target, Stop()).look("gone", {})
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["20261122", "20261123", "oncall.jsonl"]
