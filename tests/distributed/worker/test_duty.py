"""The schedule sends every validation."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.message import Message
from securenet_obs.distributed.names import (
    ATTEMPTS_KEY,
    DISPATCH,
    EVENTS_KEY,
    SCHEDULE_KEY,
    SLOT_KEY,
)
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import Plan
from securenet_obs.distributed.schedule import note_slot
from securenet_obs.distributed.sending import sender
from securenet_obs.distributed.worker import duty
from securenet_obs.errors import SecureNetObsError, UnreachableError
from securenet_obs.runner.evidence.folder import verify
from securenet_obs.settings import settings_from
from securenet_obs.workers.windows import WINDOW_HEADER
from tests.distributed.fleet import Fleet
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_the_schedule_runs_every_validation_and_closes_its_evidence(project: Fleet) -> None:
    """The task that beat sends: the last run's worker closes; a second delivery is idle."""
    project.write_notebook("01_scheduled")
    project.write_notebook("02_scheduled", observed=2)
    window = "2026-11-27T03:00Z"
    for _ in range(2):
        sender(project.broker).send_task(DISPATCH, headers={WINDOW_HEADER: window})

    def closed() -> list[Path]:
        return list(project.place.glob("20261127T030000Z-*/run.json"))

    assert eventually(closed, 60), project.log(1) + project.log(2)
    (path,) = closed()
    manifest: dict[str, Any] = json.loads(path.read_text())
    assert [row["verdict"] for row in manifest["runs"]] == ["passed", "failed"]
    assert (manifest["verdict"], verify(path.parent)) == ("failed", [])
    assert project.client.get(SLOT_KEY) == window


def test_a_run_checks_in_although_its_command_is_closed_meanwhile(
    validation_broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker of another run closes the command as soon as this run has its evidence."""
    place = Place((tmp_path / "shared").as_uri())
    plan = Plan("c", {"target": {}}, [], time.time() + 60, scheduled=True)
    place.put_plan("c", plan.as_json())
    (tmp_path / "closed").mkdir()
    checked_in: list[Any] = []

    def execute(_: Any, message: Message) -> list[str]:
        place.publish(message.command, tmp_path / "closed", [message.run])
        return ["a run"]

    monkeypatch.setenv("VALIDATION_EVIDENCE", place.url)
    settings = settings_from({"VALIDATION_BROKER_URL": validation_broker})
    monkeypatch.setattr(duty, "get_settings", lambda: settings)
    monkeypatch.setattr(duty.WorkerRun, "execute", execute)
    monkeypatch.setattr(duty, "check_in_scheduled", lambda *given: checked_in.append(given))
    duty.run(Message("c", "c.1", "n.ipynb", "", [], None, None, "").as_json(), "w@test")
    assert checked_in == [(plan.as_json(), ["a run"])]


def test_a_run_of_a_closed_command_is_not_started(
    validation_broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gave it up while no worker was alive; its message had stayed, and was run."""
    place = Place((tmp_path / "shared").as_uri())
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "run.json").write_text("{}")
    place.publish("c", tmp_path / "closed", ["c.1"])
    started: list[Message] = []
    monkeypatch.setenv("VALIDATION_EVIDENCE", place.url)
    settings = settings_from({"VALIDATION_BROKER_URL": validation_broker})
    monkeypatch.setattr(duty, "get_settings", lambda: settings)
    monkeypatch.setattr(duty.WorkerRun, "execute", lambda _, message: started.append(message))
    duty.run(Message("c", "c.1", "n.ipynb", "", [], None, None, "").as_json(), "w@test")
    assert started == []


@pytest.mark.parametrize(
    ("place", "more", "reason"),
    [
        ("", {}, "VALIDATION_EVIDENCE is not set"),
        ("file:///dev/null/x", {}, "file:///dev/null/x: the shared place of evidence: "),
        ("", {"new": 1}, "deploy the same release"),
    ],
)
def test_the_caller_is_told_why_a_worker_cannot_begin(
    validation_broker: str,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    more: dict[str, Any],
    reason: str,
) -> None:
    """After a minute the caller had reported that the message was not in Redis any more."""
    monkeypatch.setenv("VALIDATION_EVIDENCE", place)
    settings = settings_from({"VALIDATION_BROKER_URL": validation_broker})
    monkeypatch.setattr(duty, "get_settings", lambda: settings)
    client = connect(validation_broker)
    client.set(ATTEMPTS_KEY.format(run="c.1"), 1)
    message = Message("c", "c.1", "n.ipynb", "", [], None, None, "").as_json() | more
    with pytest.raises(SecureNetObsError):
        duty.run(message, "w@test")
    ((_, fields),) = client.xrange(EVENTS_KEY.format(command="c"))
    event = json.loads(fields["event"])
    told = (event["event"], event["run"], event["attempt"], event["worker"])
    assert told == ("failed", "c.1", 2, "w@test")
    assert reason in event["reason"]


def test_a_run_of_the_schedule_waits_for_a_broker_that_is_away(
    project: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beat sends the slot once: runs that are not sent then are missed."""
    project.write_notebook("01_sent")
    sent: list[str] = []

    def send(_: str, message: Message) -> None:
        sent.append(message.run)
        if len(sent) == 1:
            raise UnreachableError("away")

    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("VALIDATION_EVIDENCE", project.place.as_uri())
    settings = settings_from({"VALIDATION_BROKER_URL": project.broker})
    monkeypatch.setattr(duty, "get_settings", lambda: settings)
    monkeypatch.setattr(duty, "send", send)
    duty.dispatch("2026-11-20T03:00Z")
    assert len(sent) == 2
    assert len(set(sent)) == 1
    monkeypatch.setattr(duty, "SENDING_S", 0.0)
    sent.clear()
    with pytest.raises(UnreachableError, match="away"):
        duty.dispatch("2026-11-21T03:00Z")


def test_a_worker_without_the_schedule_records_the_slots_that_beat_missed(
    client: Any, validation_broker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task goes to any worker; that one took the slot for sent, and the others for none."""
    settings = settings_from({"VALIDATION_BROKER_URL": validation_broker})
    monkeypatch.setenv("VALIDATION_EVIDENCE", (tmp_path / "shared").as_uri())
    monkeypatch.setattr(duty, "get_settings", lambda: settings)
    monkeypatch.setattr(duty, "send", lambda *_: None)
    note_slot(client, "2026-11-20T03:00Z", "0 3 * * *")
    duty.dispatch("2026-11-22T03:00Z", "0 3 * * *")
    missed = [path.parent.name[:8] for path in (tmp_path / "shared").glob("*/run.json")]
    assert missed == ["20261121"]
    assert client.get(SCHEDULE_KEY) == "0 3 * * *"
