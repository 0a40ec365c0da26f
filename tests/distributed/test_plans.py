"""Commands are closed once: when all runs have ended, or by others when their time is over."""

import json
import time
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from securenet_obs.distributed.merging import GIVEN_UP, refusal_in, write_refusal
from securenet_obs.distributed.message import Message
from securenet_obs.distributed.names import ATTEMPTS_KEY
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import Plan, PlannedRun, close_command, close_others
from securenet_obs.distributed.worker.running import WorkerRun
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


def _url(client: Any) -> str:
    """Return the URL of a client's database."""
    broker = client.connection_pool.connection_kwargs
    return f"redis://:{broker['password']}@{broker['host']}:{broker['port']}/{broker['db']}"


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


def test_closed_evidence_is_not_made_again_where_its_plan_stayed(
    place: Place, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder with the sticky bit the closing user cannot delete the plan of the sender.

    It can delete its own parts: their runs had become missed ones, in evidence that was green.
    """
    _put(place, time.time() - 3600, scheduled=True)
    manifest = tmp_path / "closed" / "run.json"
    manifest.parent.mkdir()
    manifest.write_text('"closed"')
    with monkeypatch.context() as patch:
        patch.setattr(Place, "_delete", lambda *_: None)
        place.publish("c", manifest.parent, ["c.1", "c.2"])
        assert close_others(place, client) == []
    assert (tmp_path / "shared" / "c" / "run.json").read_text() == '"closed"'
    assert place.open_commands() == ["c"]
    assert close_others(place, client) == []
    assert place.open_commands() == []


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"runs": [{"new": 1}]}', '{"runs": [], "new": 1}']
)
def test_a_plan_of_another_release_holds_up_no_command(
    place: Place, client: Any, tmp_path: Path, text: str
) -> None:
    """Every caller and every worker that looked had ended with a traceback."""
    _put(place, time.time() - 3600, scheduled=False)
    (tmp_path / "shared" / "another.plan.json").write_text(text)
    assert close_others(place, client) == ["c"]
    assert place.open_commands() == ["another"]


def test_a_caller_closes_its_own_command(place: Place, client: Any, tmp_path: Path) -> None:
    """The worker of the last run closes what the schedule sent, and nothing else."""
    write_refusal(tmp_path / "part", "x")
    for scheduled in (False, True):
        _put(place, time.time() + 60, scheduled=scheduled)
        for run in ("c.1", "c.2"):
            place.put_part(run, 1, tmp_path / "part")
        assert close_command(place, client, "c") is scheduled


def test_a_run_that_another_worker_has_begun_again_is_waited_for(
    place: Place, client: Any, tmp_path: Path
) -> None:
    """The evidence of the first start is that of an interrupted run."""
    write_refusal(tmp_path / "part", "x")
    _put(place, time.time() + 60, scheduled=True)
    for run in ("c.1", "c.2"):
        place.put_part(run, 1, tmp_path / "part")
    client.set(ATTEMPTS_KEY.format(run="c.2"), 2)
    assert close_command(place, client, "c") is False
    place.put_part("c.2", 2, tmp_path / "part")
    assert close_command(place, client, "c") is True


def test_a_run_that_lost_two_workers_does_not_keep_its_command_open(
    place: Place, client: Any, tmp_path: Path
) -> None:
    """Its third delivery leaves the reason; the run is interrupted, not refused."""
    _put(place, time.time() + 60, scheduled=True)
    write_refusal(tmp_path / "part", "x")
    place.put_part("c.1", 1, tmp_path / "part")
    client.set(ATTEMPTS_KEY.format(run="c.2"), 2)
    job = Message("c", "c.2", "n.ipynb", "", [], None, None, "")
    assert WorkerRun(_url(client), place, None, "w@test").execute(job) == []
    assert close_command(place, client, "c") is True
    manifest = json.loads((tmp_path / "shared" / "c" / "run.json").read_text())
    assert [row["verdict"] for row in manifest["runs"]] == ["error", "interrupted"]
    assert manifest["runs"][1]["reason"] == GIVEN_UP


def test_a_worker_that_was_lost_behind_its_run_has_left_evidence(
    place: Place, client: Any, tmp_path: Path
) -> None:
    """The third delivery does not replace it."""
    write_refusal(tmp_path / "part", "the evidence of the second start")
    place.put_part("c.2", 2, tmp_path / "part")
    client.set(ATTEMPTS_KEY.format(run="c.2"), 2)
    job = Message("c", "c.2", "n.ipynb", "", [], None, None, "")
    assert WorkerRun(_url(client), place, None, "w@test").execute(job) == []
    assert place.get_part("c.2", 2, tmp_path / "kept")
    assert refusal_in(tmp_path / "kept") == "the evidence of the second start"


def test_the_closing_waits_for_a_redis_that_is_away(
    place: Place, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last run's worker is the only one to close the command before the next slot."""
    write_refusal(tmp_path / "part", "x")
    _put(place, time.time() + 60, scheduled=True)
    for run in ("c.1", "c.2"):
        place.put_part(run, 1, tmp_path / "part")
    answers = iter([ConnectionError(), client.set])

    def set_(*arguments: Any, **options: Any) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer(*arguments, **options)

    away = MagicMock(wraps=client)
    away.set = set_
    assert close_command(place, away, "c") is True
