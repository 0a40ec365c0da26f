"""Which rows apply follows from ticks, due times, sendings and dispatches."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from securenet_obs.oncall.symptoms import schedule_stopped as module
from securenet_obs.oncall.symptoms.schedule_stopped import ScheduleStopped
from securenet_obs.probes.celery.beat_records import BeatEntry, BeatRecords
from securenet_obs.settings import Settings

SCAN = "a.dispatch_scans"
NOW = 1_795_734_000.0


def scan(due_in_s: float = 3600.0, sent_ago_s: float = math.nan) -> BeatEntry:
    """Return an entry with times of the day."""
    return BeatEntry("scan", SCAN, "<crontab>", NOW + due_in_s, 21_600.0, NOW - sent_ago_s)


def outbox(sent_ago_s: float = 5.0) -> BeatEntry:
    """Return an entry that is due every 15 seconds."""
    return BeatEntry("outbox", "a.outbox", "15 s", NOW + 10, 15.0, NOW - sent_ago_s)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScheduleStopped]:
    """Return a function for the symptom, after its look at these records."""

    def look(
        *entries: BeatEntry,
        tick_ago_s: float = 2.0,
        sent: int = 0,
        has_run: bool = True,
        refusal: str = "",
    ) -> ScheduleStopped:
        def read(_settings: Settings) -> BeatRecords:
            return BeatRecords(NOW - tick_ago_s, entries, NOW)

        def count(*_: Any) -> Counter[str]:
            return Counter({"a.outbox": sent, SCAN: sent})

        monkeypatch.setattr(module, "read_beat", read)
        monkeypatch.setattr(ScheduleStopped, "_count_sent", count)
        monkeypatch.setattr(module, "_has_run", lambda _: has_run)
        monkeypatch.setattr(module, "find_write_refusal", lambda _: refusal)
        monkeypatch.setattr(module, "_NEXT_TICK_S", 0.0)
        monkeypatch.setattr(module.time, "time", lambda: NOW)
        symptom = ScheduleStopped(Settings(), window_s=120.0, deadline_s=0.0)
        symptom.look()
        return symptom

    return look


GONE = "beat is gone"
UNSENT = "Redis refuses the writes of beat"
TWINS = "two beats send the schedule"
AHEAD = "the clock of beat's host is ahead"
FUTURE = "a last time lies in the future"
LOST = "a window was sent and has not run: scan"


@pytest.mark.parametrize(
    ("entry", "state", "finding"),
    [
        (scan(), {}, None),
        (scan(), {"tick_ago_s": 31.0}, GONE),
        (scan(), {"tick_ago_s": math.nan}, GONE),
        (scan(-31.0), {"tick_ago_s": 31.0}, GONE),
        (scan(-31.0), {}, UNSENT),
        (scan(), {"tick_ago_s": 31.0, "refusal": "OOM"}, UNSENT),
        (scan(), {"refusal": "the last write to disk has failed"}, None),
        (scan(-29.0), {}, None),
        (outbox(), {"sent": 13}, None),
        (outbox(), {"sent": 14}, TWINS),
        (scan(), {"tick_ago_s": -6.0}, AHEAD),
        (outbox(-6.0), {}, FUTURE),
        (outbox(-6.0), {"tick_ago_s": -6.0}, AHEAD),
        (outbox(-4.0), {}, None),
        (scan(3600.0, 121.0), {"has_run": False}, LOST),
        (scan(3600.0, 119.0), {"has_run": False}, None),
        (scan(3600.0, 20_000.0), {"has_run": False}, None),
        (scan(3600.0), {"has_run": False}, None),
        (outbox(121.0), {"has_run": False}, None),
    ],
)
def test_one_row_applies_at_most(
    looked: Callable[..., ScheduleStopped],
    entry: BeatEntry,
    state: dict[str, Any],
    finding: str | None,
) -> None:
    """A window counts as lost if it was sent, and is not the one that is still to run."""
    applying = [row.finding for row in looked(entry, **state).decide() if row.applies]
    assert len(applying) == (finding is not None)
    assert finding is None or applying[0].startswith(finding)


@pytest.mark.parametrize(
    ("sent", "has_run", "passed"),
    [(1, True, True), (0, True, False), (2, True, False), (1, False, False)],
)
def test_a_missed_window_must_run_once(
    looked: Callable[..., ScheduleStopped], sent: int, has_run: bool, passed: bool
) -> None:
    """Not sent, sent twice, or without a dispatch is not mended."""
    symptom = looked(scan(-40.0), sent=sent, has_run=has_run)
    assert symptom.verify_windows().passed is passed


@pytest.mark.parametrize("has_run", [True, False])
def test_a_lost_window_must_have_run(
    looked: Callable[..., ScheduleStopped], monkeypatch: pytest.MonkeyPatch, has_run: bool
) -> None:
    """The ledger has no record of the task that the runbook has sent."""
    symptom = looked(scan(3600.0, 121.0), has_run=False)
    monkeypatch.setattr(module, "_has_run", lambda _: has_run)
    assert symptom.verify_windows().passed is has_run


def test_an_old_tick_does_not_verify(looked: Callable[..., ScheduleStopped]) -> None:
    """The tick of the look is no tick of now, and neither is one in the future."""
    assert not looked(scan()).verify_tick().passed
    assert not looked(scan(), tick_ago_s=-60.0).verify_tick().passed
    assert looked(scan(), tick_ago_s=-1.0).verify_tick().passed


@pytest.mark.parametrize(
    ("entry", "passed"), [(scan(), True), (scan(-31.0), False), (outbox(-6.0), False)]
)
def test_no_entry_may_be_overdue_or_dated_ahead(
    looked: Callable[..., ScheduleStopped], entry: BeatEntry, passed: bool
) -> None:
    """Both keep an entry from being sent."""
    assert looked(entry).verify_entries().passed is passed


@pytest.mark.parametrize(("sent", "passed"), [(8, True), (14, False)])
def test_sendings_are_counted_anew(
    looked: Callable[..., ScheduleStopped],
    monkeypatch: pytest.MonkeyPatch,
    sent: int,
    passed: bool,
) -> None:
    """For the whole window, if an entry was sent twice before."""
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    symptom = looked(outbox(), sent=14)
    monkeypatch.setattr(symptom, "_count_sent", lambda _: Counter({"a.outbox": sent}))
    assert symptom.verify_single().passed is passed
    assert slept == [120.0]
