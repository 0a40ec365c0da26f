"""The ledger of a target in a period: tasks, error events and log lines, each with its balance."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.ledger.counts import SLICE_S, name_slice
from securenet_obs.probes.ledger.events import EventBalance, read_events
from securenet_obs.probes.ledger.lines import LineBalance, read_lines
from securenet_obs.probes.ledger.single_task import TaskAccount, explain_task
from securenet_obs.probes.ledger.tasks import TaskBalance, read_tasks
from securenet_obs.processes.polling import poll_until
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
        """Number of tasks, error events and log lines that are missing, or whose end is unknown."""
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
        lines, unread = _read_settled_lines(results, settings.log_source, since, now, settle_s)
        return Ledger(tasks, events, lines, unread)


def read_task(settings: Settings, task_id: str) -> TaskAccount:
    """Return the account of one task, by its id: its outcome, and what became of its result.

    Raises:
        SettingsError, ForbiddenError, RefusedError, UnreachableError: as for `read_ledger`.
    """
    with _open_both(settings) as (broker, results):
        return explain_task(broker, results, task_id, time.time())


def _read_settled_lines(
    results: Redis, source: str, since: float, now: float, settle_s: float
) -> tuple[LineBalance | None, str]:
    """Return the balance of lines, or the reason why it cannot be read."""
    if not source:
        return None, "LOG_SOURCE is not set."
    first, last = name_slice(since + SLICE_S), name_slice(now - RECORDED_S)
    try:
        return poll_until(
            lambda: read_lines(results, [source], first, last),
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
