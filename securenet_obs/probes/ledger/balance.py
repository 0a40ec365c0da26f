"""The ledger of a target in a period: tasks, error events and log lines, each with its balance."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.ledger.counts import SLICE_S, name_slice, parse_slice
from securenet_obs.probes.ledger.events import EventBalance, read_events
from securenet_obs.probes.ledger.lines import LineBalance, read_lines
from securenet_obs.probes.ledger.single_task import TaskAccount, explain_task
from securenet_obs.probes.ledger.tasks import TaskBalance, read_tasks
from securenet_obs.processes.polling import Deadline, poll_until
from securenet_obs.settings import Settings

SETTLE_S = 4.0
"""Seconds after which a task that is found nowhere is missing: a worker may be taking its message,
or wait to store its result."""

RECORDED_S = 6.0
"""Seconds after which the counts of a slice are complete: processes add them every five seconds."""


@dataclass(frozen=True)
class Ledger:
    """The balances of a period."""

    tasks: TaskBalance
    events: EventBalance
    lines: LineBalance | None
    """None without log files."""
    unread: str
    """Reason why there are no log files; empty if there are."""

    @property
    def missing_count(self) -> int:
        """Number of tasks, error events and log lines that are missing, and of unrecorded tasks."""
        tasks = len(self.tasks.missing) + len(self.tasks.unrecorded)
        lines = self.lines.missing_count if self.lines else 0
        return tasks + self.events.missing_count + lines


def read_ledger(settings: Settings, period_s: float, settle_s: float = SETTLE_S) -> Ledger:
    """Return the ledger of the last `period_s` seconds.

    It only reads. Log lines of the last 6 to 16 seconds are left out: they are counted in slices of
    ten seconds, and the processes add them every five.

    Args:
        settings: those of the target.
        period_s: seconds before now.
        settle_s: seconds for which a task or a line may be found nowhere.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        ForbiddenError: Redis refuses access.
        RefusedError: Redis executes nothing now.
        UnreachableError: Redis does not answer.
    """
    now = time.time()
    since = now - period_s
    with _open_both(settings) as (broker, results):
        tasks = read_tasks(broker, results, since, now, settle_s)
        events = read_events(results, since, now)
        slices = name_slice(since + SLICE_S), name_slice(now - RECORDED_S)
        lines, unread = _read_settled_lines(results, settings.log_source, slices, settle_s)
        return Ledger(tasks, events, lines, unread)


def wait_for_period() -> float:
    """Wait until a slice of ten seconds begins, and return its Unix seconds.

    A period that begins with a slice contains no line that was written before it.
    """
    now = time.time()
    begins_at = parse_slice(name_slice(now)) + SLICE_S
    time.sleep(begins_at - now)
    return begins_at


def wait_for_ledger(settings: Settings, since: float, deadline_s: float) -> Ledger:
    """Return the ledger of the time from `since` until now, when its records are complete.

    It waits until the slices of this time are counted, and then until no task waits or runs and no
    event is queued, or until the deadline.

    Args:
        settings: those of the target.
        since: Unix seconds.
        deadline_s: seconds to wait; less than 16 may be too few for the last lines.

    Raises:
        SettingsError, ForbiddenError, RefusedError, UnreachableError: as for `read_ledger`.
    """
    now = time.time()
    slices = name_slice(since), name_slice(now + SLICE_S)
    deadline = Deadline.after(deadline_s)
    time.sleep(max(0.0, min(parse_slice(slices[1]) + RECORDED_S - now, deadline_s)))
    with _open_both(settings) as (broker, results):

        def read() -> Ledger:
            tasks = read_tasks(broker, results, since, now, 0.0)
            events = read_events(results, since, now)
            lines, unread = _read_settled_lines(results, settings.log_source, slices, 0.0)
            return Ledger(tasks, events, lines, unread)

        return poll_until(read, _is_settled, deadline_s=deadline.left_s, interval_s=1)


def _is_settled(ledger: Ledger) -> bool:
    """Return whether nothing is missing, waits or runs."""
    on_their_way = {"waiting", "in flight"} & set(ledger.tasks.outcomes.values())
    is_queued = any(event.is_queued for event in ledger.events.unanswered)
    return not (on_their_way or is_queued or ledger.missing_count)


def read_task(settings: Settings, task_id: str) -> TaskAccount:
    """Return the account of one task, by its id: its outcome, and the fate of its result.

    Raises:
        SettingsError, ForbiddenError, RefusedError, UnreachableError: as for `read_ledger`.
    """
    with _open_both(settings) as (broker, results):
        return explain_task(broker, results, task_id, time.time())


def _read_settled_lines(
    results: Redis, source: str, slices: tuple[str, str], settle_s: float
) -> tuple[LineBalance | None, str]:
    """Return the balance of the lines between two slices, or the reason why it cannot be read."""
    if not source:
        return None, "LOG_SOURCE is not set."
    try:
        return poll_until(
            lambda: read_lines(results, [source], *slices),
            lambda found: not found.missing,
            deadline_s=settle_s,
            interval_s=1,
        ), ""
    except NotFoundError as error:
        return None, str(error)


@contextmanager
def _open_both(settings: Settings) -> Iterator[tuple[Redis, Redis]]:
    """Yield clients of the broker and of the result database; raise our own errors for theirs."""
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        yield broker, results
