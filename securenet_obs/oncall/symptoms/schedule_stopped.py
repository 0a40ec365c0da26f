"""A schedule that no longer runs: looks at beat's records, decides, verifies by new sendings."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd

from securenet_obs.detection.effects import Effect
from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.schedule import reset_last_times, run_window
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.beat_records import (
    BeatEntry,
    BeatRecords,
    find_write_refusal,
    read_beat,
)
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.ledger.records import read_sent
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.store import session_scope

CLOCK_TOLERANCE_S = 5.0
"""Seconds by which a recorded time may be ahead of our clock."""

LEAST_DUE = 5
"""Times that an entry must be due within the window before its sendings are judged."""

_GRACE_S = 120.0
"""Seconds after its sending in which a dispatch must have run."""

_NEXT_TICK_S = 7.0
"""Seconds within which a beat ticks again, as after an eviction of its tick."""

_DISPATCHES = ".dispatch_"


class ScheduleStopped:
    """The symptom of beat and its entries.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do, and
    StoreUnavailableError.

    Args:
        settings: those of the target.
        oldest_tick_s: seconds without a tick, or past the due time, after which beat has stopped.
        window_s: seconds of the past in which sendings are counted.
        deadline_s: seconds to wait for a tick, a sending or a dispatch.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        oldest_tick_s: float = 30.0,
        window_s: float = 120.0,
        deadline_s: float = 45.0,
    ) -> None:
        self._settings = settings
        self._oldest_tick_s = oldest_tick_s
        self._window_s = window_s
        self._deadline_s = deadline_s
        self._records = BeatRecords(math.nan, (), 0.0)
        self._refusal = ""
        self._counts: Counter[str] = Counter()
        self._doubled: list[str] = []
        self._lost: list[BeatEntry] = []

    def look(self) -> pd.DataFrame:
        """Read beat's records, the tasks that were sent, and the windows that have run.

        Returns:
            A row for each entry: `entry`, `last_sent` and `next` (UTC), `missed` (times at which it
            was due and not sent), `sent` (sendings within the window) and `due` (those expected).
        """
        self._records = self._read_records()
        self._refusal = find_write_refusal(self._settings)
        now = self._records.read_at
        self._counts = self._count_sent(now - self._window_s)
        self._doubled = self._find_doubled(self._counts)
        self._lost = [entry for entry in self._records.entries if self._is_lost(entry, now)]
        rows = [
            (
                entry.name,
                _show(entry.sent),
                _show(entry.next),
                entry.count_missed(now) if self._is_overdue(entry) else 0,
                self._counts[entry.task],
                self._window_s / entry.period_s,
            )
            for entry in self._records.entries
        ]
        columns = ["entry", "last_sent", "next", "missed", "sent", "due"]
        return pd.DataFrame(rows, columns=columns).round({"due": 1})

    def _read_records(self) -> BeatRecords:
        """Return beat's records; if the tick is missing or old, wait for the next one of a beat."""
        return poll_until(
            lambda: read_beat(self._settings),
            lambda records: records.tick_age_s <= self._oldest_tick_s,
            deadline_s=_NEXT_TICK_S,
        )

    def describe_tick(self) -> str:
        """Return the time and the age of the last tick as text; `look` comes first."""
        records = self._records
        if math.isnan(records.tick):
            return "no tick is recorded"
        return f"last tick {_show(records.tick)}, {records.tick_age_s:.0f} s old"

    @property
    def clock_is_ahead(self) -> bool:
        """Whether the last tick lies in the future; `look` comes first."""
        return -self._records.tick_age_s > CLOCK_TOLERANCE_S

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        records = self._records
        is_old = records.tick_age_s > self._oldest_tick_s
        is_gone = is_old and not self._refusal
        overdue = [entry for entry in records.entries if self._is_overdue(entry)]
        missed = ", ".join(f"{row.name} {row.count_missed(records.read_at)}" for row in overdue)
        why = f"{self.describe_tick()}; missed windows: {missed or 'none'}"
        return [
            Row("beat is gone", is_gone, why, self._restart() if is_gone else None),
            Row(
                "Redis refuses the writes of beat",
                (is_old or bool(overdue)) and not is_gone,
                f"{why}; {self._refusal or 'no refusal is seen'}",
                Manual("find why Redis refuses", "securenet-obs run redis_refuses_writes"),
            ),
            self._decide_on_twins(),
            *self._decide_on_clocks(),
            *self._decide_on_lost(),
        ]

    def _restart(self) -> Step:
        return named_action(
            self._settings,
            "restart_beat",
            "restart beat; it sends each missed entry once, for its latest window",
            lambda: {"last tick": _show(read_beat(self._settings).tick)},
        )

    def _decide_on_twins(self) -> Row:
        sent = "; ".join(
            f"{row.name}: {self._counts[row.task]} sent, {self._window_s / row.period_s:.0f} due"
            for row in self._records.entries
            if self._is_frequent(row)
        )
        why = f"within {self._window_s:g} s: {sent or 'no entry is due often enough'}"
        step = self._stop_others() if self._doubled else None
        return Row("two beats send the schedule", bool(self._doubled), why, step)

    def _stop_others(self) -> Step:
        return named_action(
            self._settings,
            "one_beat",
            "stop every beat but one",
            lambda: {"sent twice": ", ".join(self._doubled)},
        )

    def _decide_on_clocks(self) -> Iterator[Row]:
        """Yield the rows of a clock that is wrong now, and of one that was."""
        records = self._records
        future = self._find_future(records)
        yield Row(
            "the clock of beat's host is ahead",
            self.clock_is_ahead,
            self.describe_tick(),
            Manual("correct the clock of beat's host, and restart beat", "chronyc makestep"),
        )
        yield Row(
            "a last time lies in the future",
            bool(future) and not self.clock_is_ahead,
            "; ".join(f"{row.name}: {_show(row.sent)}" for row in future) or "none does",
            reset_last_times(self._settings, [row.name for row in future]) if future else None,
        )

    def _decide_on_lost(self) -> Iterator[Row]:
        finding = "a window was sent and has not run"
        for entry in self._lost:
            window = entry.find_slot()
            yield Row(
                f"{finding}: {entry.name} {window}",
                True,
                f"sent {_show(entry.sent)}; the store has no dispatch of this window",
                run_window(self._settings, entry.task, window),
            )
        if not self._lost:
            yield Row(finding, False, "the store has a dispatch of each window that was sent")

    def verify_tick(self) -> Finding:
        """Verify that beat ticks now: a tick after the beginning of this verification."""
        began = time.time()
        after = poll_until(
            lambda: read_beat(self._settings),
            lambda records: records.tick >= began,
            deadline_s=self._deadline_s,
        )
        is_new = began <= after.tick <= time.time() + CLOCK_TOLERANCE_S
        observed = f"before: {self.describe_tick()}; after: {_show(after.tick)}"
        return Finding(is_new, f"a tick after {_show(began)}", observed)

    def verify_entries(self) -> Finding:
        """Verify that no entry is overdue, and none has a last time in the future."""

        def find_problems() -> list[str]:
            records = read_beat(self._settings)
            overdue = [row.name for row in records.entries if self._is_late(row, records)]
            return [*overdue, *(row.name for row in self._find_future(records))]

        left = poll_until(find_problems, lambda names: not names, deadline_s=self._deadline_s)
        before = len([row for row in self._records.entries if self._is_overdue(row)])
        observed = f"overdue before: {before}; after: {', '.join(left) or 'none'}"
        return Finding(not left, "no entry is overdue, or dated ahead", observed)

    def verify_windows(self) -> Finding:
        """Verify that each missed window was sent once since the look, and each one has run."""
        missed = {row.name for row in self._records.entries if self._was_missed(row)}
        lost = {row.name for row in self._lost}

        def find_problems() -> list[str]:
            sent = self._count_sent(self._records.read_at)
            entries = read_beat(self._settings).entries
            not_once = [row for row in entries if row.name in missed and sent[row.task] != 1]
            waiting = [row for row in entries if row.name in missed | lost and not _has_run(row)]
            return [
                *(f"{row.name} was sent {sent[row.task]} times" for row in not_once),
                *(f"{row.name} {row.find_slot()} has not run" for row in waiting),
            ]

        problems = poll_until(find_problems, lambda rows: not rows, deadline_s=self._deadline_s)
        once = ", ".join(sorted(missed | lost)) or "none was missed"
        observed = "; ".join(problems) or f"run once: {once}"
        return Finding(not problems, "each missed window is sent once, and runs", observed)

    def _was_missed(self, entry: BeatEntry) -> bool:
        return entry.has_slots and self._is_overdue(entry)

    def verify_single(self) -> Finding:
        """Verify that no entry is sent twice; watches for the window if one was."""
        if not self._doubled:
            return Finding(True, "no entry is sent twice", "none was sent twice before")
        began = time.time()
        time.sleep(self._window_s)
        twice = self._find_doubled(self._count_sent(began))
        observed = f"before: {', '.join(self._doubled)}; after: {', '.join(twice) or 'none'}"
        return Finding(not twice, "no entry is sent twice", observed)

    def _is_overdue(self, entry: BeatEntry) -> bool:
        return self._is_late(entry, self._records)

    def _is_late(self, entry: BeatEntry, records: BeatRecords) -> bool:
        return records.read_at - entry.next > self._oldest_tick_s

    def _find_future(self, records: BeatRecords) -> Sequence[BeatEntry]:
        latest = records.read_at + CLOCK_TOLERANCE_S
        return [row for row in records.entries if row.sent > latest]

    def _is_frequent(self, entry: BeatEntry) -> bool:
        return self._window_s / entry.period_s >= LEAST_DUE

    def _find_doubled(self, sent: Counter[str]) -> list[str]:
        """Return the entries that were sent more than one and a half times as often as due."""
        return [
            row.name
            for row in self._records.entries
            if self._is_frequent(row) and sent[row.task] > 1.5 * self._window_s / row.period_s + 1
        ]

    def _count_sent(self, since: float) -> Counter[str]:
        """Return how often each task was sent since a Unix time, by the ledger."""
        with (
            translate_redis_errors(self._settings.redis_url, "REDIS_URL"),
            open_redis(self._settings.redis_url, "REDIS_URL") as broker,
        ):
            sent = read_sent(broker, since, time.time() + CLOCK_TOLERANCE_S)
        return Counter(row.task for row in sent.values())

    def _is_lost(self, entry: BeatEntry, now: float) -> bool:
        """Return whether a dispatch was sent for the latest window, and has not run in time."""
        if not entry.has_slots or self._is_overdue(entry):
            return False
        was_sent = entry.next - entry.period_s <= entry.sent < now - _GRACE_S
        return was_sent and not _has_run(entry)


def _has_run(entry: BeatEntry) -> bool:
    """Return whether the store has a dispatch of an entry's latest window; true for other tasks."""
    if _DISPATCHES not in entry.task:
        return True
    with session_scope() as session:
        return Effect("", entry.task, entry.find_slot()).earlier_result(session) is not None


def _show(moment: float) -> str:
    """Return a Unix time as text, to the second; `never` for NaN."""
    return "never" if math.isnan(moment) else f"{datetime.fromtimestamp(moment, UTC):%F %TZ}"
