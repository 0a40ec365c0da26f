"""Balance of the ledger: sent = done + waiting + in flight + scheduled + dead + expired + missing.

A task is missing if it has not ended and its message is nowhere in Redis.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.ledger.places import Place, find_places
from securenet_obs.probes.ledger.records import SentTask, find_first, read_ended, read_sent
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

COLUMNS = ("sent", "done", "waiting", "in flight", "scheduled", "dead", "expired", "missing")
"""Columns of the balance; the first is the sum of the others."""

SETTLE_S = 4.0
"""Seconds after which a task that is found nowhere is missing: a worker may be taking its message,
or wait to store its result."""

_ENDS = {"SUCCESS": "done", "FAILURE": "dead", "REVOKED": "expired"}


@dataclass(frozen=True)
class Ledger:
    """The tasks that were sent in a period, with the outcome of each."""

    begins_at: float
    """Unix seconds of the first record that was read, or of the period without any."""
    outcomes: Mapping[str, str]
    """Id of a task -> one of `COLUMNS`, except for the first."""
    sent: Mapping[str, SentTask] = field(repr=False)

    @property
    def missing(self) -> list[SentTask]:
        """The missing tasks, in the order of sending."""
        found = [self.sent[each] for each, outcome in self.outcomes.items() if outcome == "missing"]
        return sorted(found, key=lambda task: task.sent_at)

    def tabulate(self) -> list[dict[str, str | int]]:
        """Return a row for each queue and task: `queue`, `task`, and the `COLUMNS`."""
        counts: dict[tuple[str, str], Counter[str]] = {}
        for task_id, outcome in self.outcomes.items():
            task = self.sent[task_id]
            counts.setdefault((task.queue, task.task), Counter()).update(("sent", outcome))
        return [
            {"queue": queue, "task": task, **{name: counts[queue, task][name] for name in COLUMNS}}
            for queue, task in sorted(counts)
        ]


def read_ledger(settings: Settings, period_s: float, settle_s: float = SETTLE_S) -> Ledger:
    """Return the ledger of the tasks that were sent in the last `period_s` seconds.

    It only reads. Tasks of senders without SecureNet's transport have no record and do not count.

    Args:
        settings: those of the target.
        period_s: seconds before now.
        settle_s: seconds for which a task may be found nowhere.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        ForbiddenError: Redis refuses access.
        RefusedError: Redis executes nothing now.
        UnreachableError: Redis does not answer.
    """
    now = time.time()
    since = now - period_s
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        sent = read_sent(broker, since, now)
        queues = sorted({task.queue for task in sent.values()})

        def judge() -> dict[str, str]:
            places = find_places(broker, queues)
            return _judge(sent, places, read_ended(results, since))

        outcomes = poll_until(
            judge, lambda found: "missing" not in found.values(), deadline_s=settle_s, interval_s=1
        )
        first = find_first(broker)
    return Ledger(max(since, since if first is None else first), outcomes, sent)


def _judge(
    sent: Mapping[str, SentTask], places: Mapping[str, Place], ended: Mapping[str, str]
) -> dict[str, str]:
    """Return the outcome of each task; one that failed and was sent again waits again."""
    outcomes = {}
    for task_id in sent:
        end = _ENDS.get(ended.get(task_id, ""), "missing")
        outcomes[task_id] = end if end == "done" else places.get(task_id, end)
    return outcomes
