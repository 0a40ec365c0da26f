"""Balance of tasks: sent = done + waiting + in flight + scheduled + dead + expired + the rest.

The rest has not ended, and its messages are nowhere in Redis. A task of it is unrecorded if the
result database was emptied or refuses writes, since then its end is unknown, and else missing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from redis import Redis

from securenet_obs.probes.ledger.places import Place, find_places
from securenet_obs.probes.ledger.records import (
    EndedTask,
    SentTask,
    find_first,
    read_ended,
    read_sent,
)
from securenet_obs.probes.ledger.results_state import ResultsState, read_results_state
from securenet_obs.processes.polling import poll_until

COLUMNS = (
    *("sent", "done", "waiting", "in flight", "scheduled", "dead", "expired"),
    *("unrecorded", "missing"),
)
"""Columns of the balance; the first is the sum of the others."""

_ENDS = {"SUCCESS": "done", "FAILURE": "dead", "REVOKED": "expired"}


@dataclass(frozen=True)
class TaskBalance:
    """The tasks that were sent in a period, with the outcome of each."""

    begins_at: float
    """Unix seconds of the first record that was read, or of the period without any."""
    outcomes: Mapping[str, str]
    """Id of a task -> one of `COLUMNS`, except for the first."""
    sent: Mapping[str, SentTask] = field(repr=False)
    results: ResultsState

    @property
    def missing(self) -> list[SentTask]:
        """The missing tasks, in the order of sending."""
        return self._select("missing")

    @property
    def unrecorded(self) -> list[SentTask]:
        """The tasks with an unknown end, in the order of sending."""
        return self._select("unrecorded")

    @property
    def unrecorded_reason(self) -> str:
        """Why ends are unknown; empty if none is."""
        unrecorded = self.unrecorded
        return self.results.explain(unrecorded[0].sent_at) if unrecorded else ""

    def _select(self, outcome: str) -> list[SentTask]:
        found = [self.sent[each] for each, one in self.outcomes.items() if one == outcome]
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


def read_tasks(
    broker: Redis, results: Redis, since: float, until: float, settle_s: float
) -> TaskBalance:
    """Return the balance of the tasks that were sent between two Unix times.

    Tasks of senders without SecureNet's transport have no record and do not count.

    Args:
        broker: client of the broker.
        results: client of the result database.
        since: begin of the period.
        until: its end.
        settle_s: seconds for which a task may be found nowhere.
    """
    sent = read_sent(broker, since, until)
    queues = sorted({task.queue for task in sent.values()})

    def judge() -> dict[str, str]:
        places = find_places(broker, queues)
        return _judge(sent, places, read_ended(results, since))

    outcomes = poll_until(
        judge, lambda found: "missing" not in found.values(), deadline_s=settle_s, interval_s=1
    )
    state = read_results_state(results)
    for task_id, outcome in outcomes.items():
        if outcome == "missing" and state.explain(sent[task_id].sent_at):
            outcomes[task_id] = "unrecorded"
    first = find_first(broker)
    return TaskBalance(max(since, since if first is None else first), outcomes, sent, state)


def _judge(
    sent: Mapping[str, SentTask], places: Mapping[str, Place], ended: Mapping[str, EndedTask]
) -> dict[str, str]:
    """Return the outcome of each task; one that failed and was sent again waits again."""
    outcomes = {}
    for task_id in sent:
        end = _ENDS[ended[task_id].state] if task_id in ended else "missing"
        outcomes[task_id] = end if end == "done" else places.get(task_id, end)
    return outcomes
