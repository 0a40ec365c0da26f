"""Messages that were delivered and never acknowledged: finds their holders, decides, verifies."""

from collections import Counter

import pandas as pd

from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.actions.unacked import (
    HeldMessage,
    count_restarted,
    describe_messages,
    find_stuck,
    read_held,
    read_next_ids,
    restore_messages,
)
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.queues import QueueProbe
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

SWEEP_S = 60.0
"""Seconds after which a living worker must have restored the messages of a dead one."""

_COLUMNS = ["holder", "task", "queue", "messages", "oldest_s"]


class TasksAreStuckUnacked:
    """The symptom of the messages in flight.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        min_age_s: seconds for which a message without a holder may be on its way.
        longest_s: seconds for which a living worker may hold a message that is due.
        deadline_s: seconds to wait until a worker has the restored messages.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        min_age_s: float = 60.0,
        longest_s: float = 3600.0,
        deadline_s: float = 30.0,
    ) -> None:
        self._settings = settings
        self._min_age_s = min_age_s
        self._longest_s = longest_s
        self._deadline_s = deadline_s
        self._held: list[HeldMessage] = []
        self._living = 0

    def look(self) -> pd.DataFrame:
        """Read the messages in flight.

        Returns:
            A row for each holder, task and queue: `holder`, `task`, `queue`, `messages`,
            `oldest_s`, the seconds since the delivery of the oldest.
        """
        self._held, self._living = read_held(self._settings)
        groups = Counter(map(_group, self._held))
        rows = [
            (*group, count, max(row.held_s for row in self._held if _group(row) == group))
            for group, count in sorted(groups.items())
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def depths(self) -> pd.Series:
        """Return the depth of each queue."""
        return pd.Series(QueueProbe(self._settings).queue_depths(), name="waiting")

    def restarted(self) -> int:
        """Return how many stuck tasks were started after an earlier delivery, and did not end."""
        return count_restarted(self._settings, find_stuck(self._held, self._min_age_s))

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        stuck = find_stuck(self._held, self._min_age_s)
        dead = [row for row in self._held if row.holder == "dead worker"]
        long = [
            row
            for row in self._held
            if row.holder == "living worker" and row.is_due and row.held_s > self._longest_s
        ]
        living = f"{self._living} processes with a lease are alive"
        return [
            Row(
                "messages are held by nobody",
                bool(stuck) and self._living > 0,
                f"{describe_messages(stuck)}; no lease, and no worker that answers has them",
                restore_messages(self._settings, self._min_age_s),
            ),
            Row(
                "a dead worker's messages wait for their restoration",
                bool(dead) and self._living > 0,
                f"{describe_messages(dead)}; {living}, and restore them within {SWEEP_S:g} s",
                Manual(
                    f"wait {SWEEP_S:g} s, then look again",
                    f"sleep {SWEEP_S:g}; securenet-obs run tasks_are_stuck_unacked",
                ),
            ),
            Row(
                "no worker is alive to restore messages",
                bool(stuck or dead) and self._living == 0,
                f"held by nobody: {describe_messages(stuck)}; by dead workers: "
                f"{describe_messages(dead)}; {living}",
                Manual("start a worker", "securenet-obs run worker_is_gone"),
            ),
            Row(
                "a living worker does not finish its messages",
                bool(long),
                f"{describe_messages(long)}; {self._longest_s:g} s are normal at most",
                Manual(
                    "find the worker that does nothing",
                    "securenet-obs run worker_answers_but_does_nothing",
                ),
            ),
        ]

    def verify_none_stuck(self) -> Finding:
        """Verify that each message in flight has a live holder."""
        before = find_stuck(self._held, self._min_age_s)
        after = find_stuck(read_held(self._settings)[0], 0)
        old = [row for row in after if row.held_s >= self._min_age_s]
        return Finding(
            not old,
            "none is held by nobody",
            f"before: {describe_messages(before)}; after: {describe_messages(old)}",
        )

    def verify_taken(self) -> Finding:
        """Verify that a living worker holds or has finished each message that was stuck."""
        stuck = find_stuck(self._held, self._min_age_s)
        ids, queues = {row.task_id for row in stuck}, {row.queue for row in stuck}
        waiting = poll_until(
            lambda: self._find_waiting(ids, queues),
            lambda left: not left,
            deadline_s=self._deadline_s,
        )
        return Finding(
            not waiting,
            "a worker has taken each",
            f"before: {len(ids)} stuck; after: {len(waiting)} of them wait or are stuck",
        )

    def _find_waiting(self, ids: set[str], queues: set[str]) -> set[str]:
        """Return those of the tasks that wait in their queues, or that no living worker holds."""
        held, _ = read_held(self._settings)
        stuck = {row.task_id for row in held if row.holder in ("nobody", "dead worker")}
        return ids & (stuck | read_next_ids(self._settings, queues))


def _group(row: HeldMessage) -> tuple[str, str, str]:
    return (row.holder, row.task, row.queue)
