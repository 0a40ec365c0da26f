"""Slots that were missed are recorded by the process that looks next."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.names import SLOT_KEY
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.schedule import look, note_slot
from securenet_obs.errors import UnreachableError
from securenet_obs.runner.evidence.folder import verify
from tests.distributed.fleet import Fleet

pytestmark = pytest.mark.stack


def test_whoever_looks_next_records_the_slots_that_were_missed(
    project: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slots between the last one that was sent and now are evidence of an interrupted command."""
    project.write_notebook("01_missed")
    monkeypatch.chdir(project.folder)
    project.client.set(SLOT_KEY, "2026-11-20T03:00Z")
    current = "2026-11-23T03:00Z"
    look(Place(project.place.as_uri()), project.client, "0 3 * * *", current=current)
    found = sorted(project.place.glob("2026112[1-3]T030000Z-*/run.json"))
    assert [path.parent.name[:8] for path in found] == ["20261121", "20261122"]
    for path in found:
        (row,) = json.loads(path.read_text())["runs"]
        assert (row["notebook"], row["verdict"]) == ("01_missed", "interrupted")
        assert row["reason"].startswith("missed: nothing was sent at 2026-11-2")
        assert verify(path.parent) == []


def test_each_slot_of_a_day_before_is_recorded(
    project: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every ten minutes is a usual schedule; only one slot of each hour had been recorded."""
    project.write_notebook("01_missed")
    monkeypatch.chdir(project.folder)
    project.client.set(SLOT_KEY, "2026-11-20T03:00Z")
    place = Place(project.place.as_uri())
    look(place, project.client, "*/10 * * * *", current="2026-11-20T03:40Z")
    found = sorted(path.parent.name[9:13] for path in project.place.glob("20261120T03*/run.json"))
    assert found == ["0310", "0320", "0330"]


@pytest.mark.parametrize(
    ("before", "now", "missed"),
    [
        ("0 3 * * *", "*/30 * * * *", []),
        ("*/30 * * * *", "0 3 * * *", []),
        ("0 */12 * * *", "0 */6 * * *", ["20261120T120000Z", "20261121T000000Z"]),
    ],
)
def test_a_changed_schedule_was_not_in_force_before(
    client: Any, tmp_path: Path, before: str, now: str, missed: list[str]
) -> None:
    """Every half hour of the night before had been recorded as missed."""
    note_slot(client, "2026-11-20T03:00Z", before)
    look(Place(tmp_path.as_uri()), client, now, current="2026-11-21T03:00Z")
    assert sorted(path.parent.name[:16] for path in tmp_path.glob("*/run.json")) == missed


def test_a_caller_with_another_schedule_leaves_missed_slots_to_a_worker(
    client: Any, tmp_path: Path
) -> None:
    """It had moved the latest slot past those that only beat's schedule has."""
    place = Place(tmp_path.as_uri())
    note_slot(client, "2026-11-20T03:00Z", "0 */6 * * *")
    assert look(place, client, "0 */12 * * *") == []
    assert len(look(place, client, "0 */6 * * *", current="2026-11-21T03:00Z")) == 4


def test_a_redis_without_writes_is_unreachable(validation_broker: str, tmp_path: Path) -> None:
    """A caller that has the schedule, too, ended with a traceback, as if a check had failed."""
    client = connect(validation_broker)
    client.acl_setuser("reader", enabled=True, nopass=True, keys=["*"], categories=["+@read"])
    reader = make_url(validation_broker).set(username="reader", password="any")
    try:
        with pytest.raises(UnreachableError, match="NoPermissionError"):
            look(
                Place(tmp_path.as_uri()),
                connect(reader.render_as_string(hide_password=False)),
                "0 3 * * *",
            )
    finally:
        client.acl_deluser("reader")
