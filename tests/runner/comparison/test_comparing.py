"""A failing run beside its last green run: planted changes rank first, reasons for the rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from securenet_obs.runner.comparison.comparing import compare_with_green, last_green_run
from securenet_obs.runner.comparison.facts import CODE, PARAMETER, SETTING
from securenet_obs.runner.record.runs import CellError, CheckRow, RunRecord
from securenet_obs.runner.record.verdict import Judgement, Verdict
from tests.runner.comparison.planted import PLANTS, Kinds, Plant, plant_case, stored_check

Leave = Callable[..., Path]
PLANTED_FIRST = 18
"""Number of 20 planted changes that must rank first."""


def failing(notebook: str, check: str = "", **values: Any) -> RunRecord:
    """Return the record of a run in which a check has failed."""
    started = {"notebook": notebook, "run": notebook, "title": "", **values}
    record = RunRecord(notebook, started)
    if check:
        record.take({"event": "cell_started", "cell": 1})
        record.take({"event": "check", "cell": 1, "name": check, "outcome": "failed"})
    return record


def compare_plant(plant: Plant, seed: int, leave: Leave, root: Path) -> dict[str, Any]:
    """Return the comparison of the run that a planted change has broken."""
    greens, kinds = plant_case(plant, seed)
    for number, green in enumerate(greens, 1):
        leave(number, kinds=split(green), notebook=plant.notebook, **sources(green, plant))
    folder = leave(len(greens) + 1, "failed", kinds=split(kinds), notebook=plant.notebook)
    check = stored_check(plant.notebook, plant.check)
    record = RunRecord(
        plant.notebook,
        {
            "notebook": plant.notebook, "run": plant.notebook,
            "title": plant.notebook.replace("_", " "),
            "parameters": kinds[PARAMETER], **sources(kinds, plant),
        },
        error=CellError(check.cell, "ChecksFailedError", ""),
    )  # fmt: skip
    row = CheckRow(plant.check, "failed", plant.expected or check.expected, plant.observed)
    record.take({"event": "check", "cell": check.cell, **vars(row)})
    judgement = Judgement(Verdict.FAILED, check.cell)
    assert folder.parent == root
    return compare_with_green(folder, record, judgement, target="staging.env", source=check.source)


def sources(kinds: Kinds, plant: Plant) -> dict[str, Any]:
    """Return the digests of the notebook's cells, which its own row holds."""
    return {
        "sources": {
            name: value for name, value in kinds[CODE].items() if name.startswith(plant.notebook)
        }
    }


def split(kinds: Kinds) -> Kinds:
    """Return the facts of a command without the cells of its notebook."""
    return kinds | {CODE: {name: each for name, each in kinds[CODE].items() if "cell" not in name}}


def is_first(plant: Plant, comparison: dict[str, Any]) -> bool:
    """Return whether a planted change ranks first."""
    first = comparison["changes_since_green"][0]
    name = plant.what.rpartition("/")[2].rpartition(", ")[2]
    return first["kind"] == plant.kind and (name in first["what"])


def test_planted_changes_rank_first(leave_run: Leave, tmp_path: Path) -> None:
    """Of 20 changes, each beside five innocent ones of an ordinary week, 18 or more come first."""
    won, missed = 0, []
    for plant in PLANTS:
        comparison = compare_plant(plant, 1, leave_run, tmp_path)
        changes = comparison["changes_since_green"]
        assert len(changes) == 6, changes
        assert [row["rank"] for row in changes] == list(range(1, 7))
        won += is_first(plant, comparison)
        missed += [] if is_first(plant, comparison) else [(plant.what, changes[0])]
        for path in tmp_path.iterdir():
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
    assert len(PLANTS) == 20
    assert won >= PLANTED_FIRST, missed


def test_without_a_green_run_there_is_a_reason(leave_run: Leave) -> None:
    """A failed run, another notebook and another target are no baseline."""
    leave_run(1, "failed")
    leave_run(2, notebook="other")
    leave_run(3, target="production.env")
    folder = leave_run(4, "failed")
    found = compare_with_green(
        folder, failing("n"), Judgement(Verdict.FAILED), target="staging.env"
    )
    assert found["last_green"] is None
    assert found["changes_since_green"] == []
    assert list(found["not_compared"].values()) == [
        "no earlier run of this notebook on this target has passed"
    ]


def test_a_kind_that_one_run_lacks_is_named_with_the_reason(leave_run: Leave) -> None:
    """Redis did not answer: its configuration is absent, and the settings are compared."""
    leave_run(1, kinds={SETTING: {"A": "1"}})
    folder = leave_run(2, "failed", kinds={SETTING: {"A": "2"}})
    facts = json.loads((folder / "facts.json").read_text())
    facts["absent"] = {"redis": "redis://127.0.0.1:1/0 does not answer"}
    (folder / "facts.json").write_text(json.dumps(facts))
    found = compare_with_green(folder, failing("n"), Judgement(Verdict.ERROR), target="staging.env")
    assert found["not_compared"]["redis"] == "redis://127.0.0.1:1/0 does not answer"
    assert found["last_green"]["command"] == "20260101T000001Z-00000001"
    (change,) = found["changes_since_green"]
    assert (change["kind"], change["what"], change["before"], change["after"]) == (
        "setting", "A", "1", "2",
    )  # fmt: skip


def test_a_change_after_the_failure_began_is_no_cause(leave_run: Leave) -> None:
    """The check has failed since A changed; B changed later, and would otherwise be nearer."""
    leave_run(1, kinds={SETTING: {"A": "1", "LOG_FORMAT": "json"}})
    leave_run(2, "failed", kinds={SETTING: {"A": "2", "LOG_FORMAT": "json"}}, failed="log format")
    folder = leave_run(3, "failed", kinds={SETTING: {"A": "2", "LOG_FORMAT": "console"}})
    record = failing("n", "log format")
    found = compare_with_green(folder, record, Judgement(Verdict.FAILED), target="staging.env")
    assert [row["what"] for row in found["changes_since_green"]] == ["A", "LOG_FORMAT"]
    # What has changed since the green run shows nothing about how often it changes.
    assert "earlier comparisons" not in str(found)
    record = failing("n", "log format is the other one")
    found = compare_with_green(folder, record, Judgement(Verdict.FAILED), target="staging.env")
    assert [row["what"] for row in found["changes_since_green"]] == ["LOG_FORMAT", "A"]


def test_a_green_run_older_than_the_history_is_found(leave_run: Leave, tmp_path: Path) -> None:
    """Twenty-five failures later the last green run is still the baseline."""
    green = leave_run(1)
    for number in range(2, 27):
        leave_run(number, "failed")
    folder = leave_run(27, "failed")
    found = compare_with_green(
        folder, failing("n"), Judgement(Verdict.FAILED), target="staging.env"
    )
    assert found["last_green"]["command"] == green.name
    run = last_green_run(tmp_path, folder.name, "n", "staging.env")
    assert run is not None
    assert run.folder == green
