"""Commands are closed once: when all runs have ended, or by others when their time is over."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.distributed.merging import write_refusal
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import Plan, PlannedRun, close_command, close_others
from securenet_obs.runner.evidence.folder import verify

pytestmark = pytest.mark.stack


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a shared place that is a folder."""
    return Place((tmp_path / "shared").as_uri())


def _put(place: Place, due_at: float, *, scheduled: bool) -> None:
    opened = {"id": "c", "command": "validate", "target": {"name": "t"}, "planned": []}
    runs = [PlannedRun(f"c.{number}", "a", "a.ipynb", "A", "validation") for number in (1, 2)]
    place.put_plan("c", Plan("c", opened, runs, due_at, scheduled).as_json())


@pytest.mark.parametrize("scheduled", [True, False])
def test_a_command_in_time_is_left_alone(place: Place, client: Any, scheduled: bool) -> None:
    """Its runs may still be in the queue."""
    _put(place, time.time() + 60, scheduled=scheduled)
    assert close_others(place, client) == []


@pytest.mark.parametrize("scheduled", [True, False])
def test_runs_of_an_overdue_command_are_missed(
    place: Place, client: Any, tmp_path: Path, scheduled: bool
) -> None:
    """A run without evidence is interrupted as missed; one that was refused is an error."""
    _put(place, time.time() - 3600, scheduled=scheduled)
    write_refusal(tmp_path / "part", "another version")
    place.put_part("c.2", 1, tmp_path / "part")
    assert close_others(place, client) == ["c"]
    folder = tmp_path / "shared" / "c"
    assert verify(folder) == []
    manifest = json.loads((folder / "run.json").read_text())
    rows = [(row["verdict"], row["reason"]) for row in manifest["runs"]]
    assert rows == [
        ("interrupted", "missed: no worker ran it in time"),
        ("error", "another version"),
    ]
    assert (place.open_commands(), close_others(place, client)) == ([], [])


def test_a_caller_closes_its_own_command(place: Place, client: Any, tmp_path: Path) -> None:
    """The worker of the last run closes what the schedule sent, and nothing else."""
    write_refusal(tmp_path / "part", "x")
    for scheduled in (False, True):
        _put(place, time.time() + 60, scheduled=scheduled)
        for run in ("c.1", "c.2"):
            place.put_part(run, 1, tmp_path / "part")
        assert close_command(place, client, "c") is scheduled
