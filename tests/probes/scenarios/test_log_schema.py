"""The log schema of a run: recorded in the evidence, compared with the last green run's."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import WaiverError
from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.probes.scenarios.log_schema import SchemaDrift, record_log_schema

Run = Callable[..., SchemaDrift]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that appends lines to a log and records its schema, a run after the other.

    The baseline is the schema of the run before.
    """
    seconds = iter(range(10_000))
    number = iter(range(1, 100))
    log = tmp_path / "a.log"

    def record(count: int, waivers: str = "", **fields: Any) -> SchemaDrift:
        with log.open("a") as file:
            for _ in range(count):
                at = f"{datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds)):%FT%T}"
                line = {"timestamp": f"{at}.000000Z", "event": "done", **fields}
                file.write(json.dumps(line) + "\n")
        current = next(number)
        monkeypatch.setenv("SECURENET_OBS_EVIDENCE", str(tmp_path))
        monkeypatch.setenv("SECURENET_OBS_RUN", f"command/run{current}")
        last = tmp_path / f"run{current - 1}.log_schema.json"
        monkeypatch.setenv("SECURENET_OBS_LAST_GREEN", str(last) if last.exists() else "")
        return record_log_schema(log_frame(log), waivers)

    return record


def test_the_first_run_has_no_baseline_and_states_it(run: Run, tmp_path: Path) -> None:
    """It records the first schema."""
    drift = run(9, a=1)
    assert "no earlier green run" in drift.reason
    recorded = json.loads((tmp_path / "run1.log_schema.json").read_text())
    assert recorded["events"]["done"]["fields"]["a"] == {"types": ["number"], "null_share": 0}
    assert drift.fields().query("field == 'a'").lines.tolist() == [9]


def test_a_field_that_vanished_is_noticed_beside_older_lines_with_it(run: Run) -> None:
    """The log still has the lines of the run before; the next run compares with the new lines."""
    run(9, a=1, b="x")
    drift = run(9, a="1", c=True)
    assert drift.reason == ""
    assert drift.failing == ["done.a: number -> string", "done.b vanished"]
    assert drift.table().values.tolist() == [
        ["done.a", "changed type", "number", "string", "none"],
        ["done.b", "vanished", "string", "none", "none"],
        ["done.c", "appeared", "none", "boolean", "none"],
    ]
    assert run(9, a="1", c=True).changes == ()


def test_few_lines_suffice_for_a_field_that_was_always_there(run: Run, tmp_path: Path) -> None:
    """The record has the change, and keeps what so few lines do not show."""
    run(200, a=1, b="x", c=1)
    assert run(1, a="1", c=1).failing == ["done.a: number -> string", "done.b vanished"]
    recorded = json.loads((tmp_path / "run2.log_schema.json").read_text())["events"]["done"]
    assert recorded["lines"] == 200
    assert recorded["fields"]["a"]["types"] == ["string"]
    assert recorded["fields"].keys() == {"a", "c", "event", "timestamp"}


def test_a_waiver_of_the_scans_form_accepts_a_change(run: Run, tmp_path: Path) -> None:
    """An expired one does not, and the check names its day; a broken file is an error."""
    waivers = tmp_path / "waivers.toml"
    text = '[[waiver]]\nid = "done.a"\nreason = "renamed"\nexpires = {}\n'
    run(9, a=1)
    waivers.write_text(text.format("2020-01-01"))
    assert run(9, str(waivers)).failing == ["done.a vanished (its waiver expired on 2020-01-01)"]
    run(9, a=1)
    waivers.write_text(text.format("9999-01-01"))
    drift = run(9, str(waivers))
    assert drift.failing == []
    assert drift.table().waiver.tolist() == ["renamed"]
    waivers.write_text('[[waiver]]\nid = "x"\n')
    with pytest.raises(WaiverError, match="waiver 1 needs"):
        run(9, str(waivers))


def test_outside_of_the_runner_nothing_is_recorded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """papermill alone has no evidence folder."""
    run(9, a=1)
    monkeypatch.delenv("SECURENET_OBS_EVIDENCE")
    drift = record_log_schema(log_frame(tmp_path / "a.log"))
    assert "no evidence folder" in drift.reason
