"""A run is followed to its end, also where its worker is lost."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from securenet_obs.distributed.caller import following
from securenet_obs.distributed.caller.following import Following, Sent
from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.merging import write_refusal
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.presence import announce
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.record.order import Order, Result
from securenet_obs.runner.record.verdict import Judgement
from tests.distributed.fleet import FIRST_USER, SLEEP, Fleet
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_a_run_whose_worker_dies_is_interrupted_and_run_again_elsewhere(project: Fleet) -> None:
    """The first run is interrupted at its cell; the other worker's passes, and so the command."""
    flag = project.flag("killed")
    project.write_notebook("01_killed", "print('before')", SLEEP.format(flag=str(flag)))
    caller = subprocess.Popen(
        project.command("--json"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert eventually(flag.exists, 60)
    number = int(eventually(flag.read_text, 60)) - FIRST_USER
    victim = project.workers[number - 1]
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    output, errors = caller.communicate(timeout=120)
    assert caller.returncode == 0, errors
    first, second = json.loads(output)["runs"]
    assert (first["verdict"], first["cell"]) == ("interrupted", 3)
    assert "was lost; worker-" in first["reason"]
    assert second["verdict"] == "passed"
    project.replace_worker(number)


class Caller:
    """A caller that records nothing."""

    folder = progress = MagicMock()

    def begin(self, _order: Order, _attempt: int, _first: str) -> str:
        """Return the run's name."""
        return "n"

    def end(
        self, run: str, order: Order, attempt: int, started: float, judgement: Judgement
    ) -> Result:
        """Return the result."""
        return Result(run, order, judgement, 0.0, attempt)

    def is_stopping(self) -> bool:
        """Return that nothing has interrupted the command."""
        return False


class Told:
    """A listener with these events, and none after them."""

    def __init__(self, *events: tuple[str, int]) -> None:
        self._events = list(events)

    def next(self, _run: str, seconds: float) -> dict[str, Any] | None:
        """Return the next event."""
        if not self._events:
            time.sleep(seconds)
            return None
        event, attempt = self._events.pop(0)
        return {"event": event, "attempt": attempt, "worker": f"w{attempt}@test", "cell": 1}


class Silent:
    """A listener without events."""

    def next(self, _run: str, seconds: float) -> None:
        """Return no event after a moment."""
        time.sleep(seconds)


def follow(client: Any, tmp_path: Path, *, due_in_s: float = 600.0) -> Judgement:
    """Follow a run of which nothing is heard; return its judgement."""
    place = Place((tmp_path / "shared").as_uri())
    sent = Sent("c.1", time.time() + due_in_s)
    silent: Any = Silent()
    order: Any = None
    return Following(Caller(), silent, place, client, sent, order, 1, "").result().judgement


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the times after which a run is given up."""
    for name in ("LOOK_S", "NO_WORKER_S", "AWAY_S"):
        monkeypatch.setattr(following, name, 0.05 if name == "LOOK_S" else 0.3)


@pytest.mark.usefixtures("quick")
def test_a_run_whose_message_is_lost_is_given_up(client: Any, tmp_path: Path) -> None:
    """The queue was deleted, for instance; a worker is there, and has nothing."""
    announce(client, "w@test")
    judgement = follow(client, tmp_path)
    assert judgement.verdict == "unreachable"
    assert judgement.reason == "its message is not in Redis any more, and no worker has it"


@pytest.mark.usefixtures("quick")
def test_a_started_run_whose_message_is_lost_with_its_worker_is_given_up(
    client: Any, tmp_path: Path
) -> None:
    """A host of Redis and worker had restarted; a worker was there, and the caller waited on."""
    announce(client, "w@test")
    started = {"event": "started", "attempt": 1, "worker": "w@test"}
    sent = Sent("c.1", time.time() + 5, pending=started)
    silent: Any = Silent()
    order: Any = None
    place = Place((tmp_path / "shared").as_uri())
    judgement = Following(Caller(), silent, place, client, sent, order, 1, "").result().judgement
    assert judgement.verdict == "interrupted"
    assert judgement.reason == "its message is not in Redis any more, and no worker has it"


@pytest.mark.usefixtures("quick")
def test_a_run_that_waits_in_the_queue_is_waited_for_until_its_time_is_over(
    client: Any, tmp_path: Path
) -> None:
    """Other runs may come first; nothing is waited for without end."""
    announce(client, "w@test")
    client.rpush("validation", "a message")
    judgement = follow(client, tmp_path, due_in_s=1.0 - following.OVERDUE_S)
    assert (judgement.verdict, judgement.reason) == (
        "interrupted",
        "no worker ended it in time",
    )


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ended", [("finished", 1), ("cancelled", 1), ("cell", 1)])
def test_a_lost_worker_that_goes_on_does_not_decide_the_run_of_the_other_one(
    client: Any, tmp_path: Path, ended: tuple[str, int]
) -> None:
    """It was suspended: its late evidence had become the verdict of the run that went on."""
    announce(client, "w2@test")
    place = Place((tmp_path / "shared").as_uri())
    for attempt in (1, 2):
        folder = tmp_path / f"part-{attempt}"
        write_refusal(folder, f"start {attempt}")
        place.put_part("c.1", attempt, folder)
    listener: Any = Told(ended, ("finished", 2))
    order: Any = None
    pending = {"event": "started", "attempt": 2, "worker": "w2@test"}
    sent = Sent("c.1", time.time() + 600, pending=pending)
    judgement = Following(Caller(), listener, place, client, sent, order, 1, "").result().judgement
    assert (judgement.reason, sent.cell) == ("start 2", None)


@pytest.mark.usefixtures("quick")
def test_late_evidence_of_a_lost_worker_is_not_that_of_the_other_one(
    client: Any, tmp_path: Path
) -> None:
    """It is found in the shared place while the other worker says nothing for a while."""
    place = Place((tmp_path / "shared").as_uri())
    write_refusal(tmp_path / "part", "start 1")
    place.put_part("c.1", 1, tmp_path / "part")
    pending = {"event": "started", "attempt": 2, "worker": "w2@test"}
    sent = Sent("c.1", time.time() + 600, pending=pending)
    silent: Any = Silent()
    order: Any = None
    judgement = Following(Caller(), silent, place, client, sent, order, 1, "").result().judgement
    assert judgement.reason == "no validation worker is alive"


@pytest.mark.usefixtures("quick")
def test_a_redis_that_stays_away_ends_the_run(tmp_path: Path) -> None:
    """It had been waited for without end, and without a word."""
    client = connect(f"redis://127.0.0.1:{find_free_ports(1)[0]}/0")
    judgement = follow(client, tmp_path)
    assert judgement.verdict == "unreachable"
    assert judgement.reason == "the Redis of validations does not answer"


@pytest.mark.usefixtures("quick")
def test_a_run_that_a_worker_took_too_late_is_interrupted(client: Any, tmp_path: Path) -> None:
    """The worker leaves no evidence of it."""
    place = Place((tmp_path / "shared").as_uri())
    event = {"event": "cancelled", "attempt": 1, "worker": "w@test"}
    sent = Sent("c.1", time.time(), pending=event)
    silent: Any = Silent()
    order: Any = None
    result = Following(Caller(), silent, place, client, sent, order, 1, "").result()
    assert result.judgement.reason == "no worker took it in time"


def _finish(place: Place, client: Any) -> str:
    """Follow a run that a worker has just ended; return the reason of its verdict."""
    event = {"event": "finished", "attempt": 1, "worker": "w@test"}
    sent = Sent("c.1", time.time() + 600, pending=event)
    silent: Any = Silent()
    order: Any = None
    followed = Following(Caller(), silent, place, client, sent, order, 1, "")
    return followed.result().judgement.reason


def test_evidence_that_appears_behind_its_event_is_taken(client: Any, tmp_path: Path) -> None:
    """A caller had asked for the file a moment before, and NFS keeps that it was not there."""
    place = Place((tmp_path / "shared").as_uri())
    write_refusal(tmp_path / "part", "the reason of the worker")
    timer = threading.Timer(0.5, place.put_part, ("c.1", 1, tmp_path / "part"))
    timer.start()
    assert _finish(place, client) == "the reason of the worker"
    timer.join()


def test_evidence_in_another_place_is_an_error(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each machine may have a folder of that name for itself."""
    monkeypatch.setattr(following, "APPEARS_S", 0.1)
    place = Place((tmp_path / "shared").as_uri())
    assert f"no evidence in {place.url}; is it the same place" in _finish(place, client)
