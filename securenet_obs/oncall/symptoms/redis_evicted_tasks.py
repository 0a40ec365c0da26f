"""A Redis that has evicted tasks: names them by the ledger, sends them again, verifies."""

import time

import pandas as pd

from securenet_obs.oncall.actions.lost_tasks import (
    LostTasks,
    find_lost,
    list_ids,
    name_task,
    send_again,
)
from securenet_obs.oncall.actions.redis import set_option
from securenet_obs.oncall.actions.step import Manual
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.broker import BrokerProbe, BrokerState
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.ledger.balance import SETTLE_S
from securenet_obs.probes.ledger.tasks import TaskBalance, read_tasks
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

SAFE_POLICY = "noeviction"
"""The policy with which Redis refuses writes instead of evicting tasks."""


_LOST_COLUMNS = ["task", "queues", "lost", "first", "last", "sent_again_by", "ids"]


class RedisEvictedTasks:
    """The symptom of the broker's server.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        period_s: seconds before now in which lost tasks are searched.
        window_s: seconds in which a verification counts evictions.
        deadline_s: seconds to wait until the lost tasks are sent again.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        period_s: float = 86_400.0,
        window_s: float = 3.0,
        deadline_s: float = 90.0,
    ) -> None:
        self._settings = settings
        self._period_s = period_s
        self._window_s = window_s
        self._deadline_s = deadline_s
        self._probe = BrokerProbe(settings)
        self._lost = LostTasks({}, [])
        self.before: BrokerState

    def look(self) -> pd.DataFrame:
        """Balance the tasks of the period.

        Returns:
            The rows of `TaskBalance.tabulate`. `before` is the state of Redis then.
        """
        self.before = self._probe.state()
        tasks = self._balance(SETTLE_S)
        self._lost = find_lost(tasks)
        return pd.DataFrame(tasks.tabulate())

    def lost(self) -> pd.DataFrame:
        """Return the lost tasks that nothing has sent again; `look` comes first.

        Returns:
            A row for each name: `task`, `queues`, `lost`, `first` and `last` (UTC, of the sending),
            `sent_again_by` (a task or its sender), and `ids`, some of them.
        """
        rows = []
        for sender, tasks in {**self._lost.repeatable, "its sender": self._lost.others}.items():
            for name in sorted({task.task for task in tasks}):
                same = [task for task in tasks if task.task == name]
                times = [_to_time(task.sent_at) for task in same]
                rows.append(
                    {
                        "task": name_task(name),
                        "queues": sorted({task.queue for task in same}),
                        "lost": len(same),
                        "first": min(times),
                        "last": max(times),
                        "sent_again_by": name_task(sender),
                        "ids": list_ids(same, at_most=3),
                    }
                )
        return pd.DataFrame(rows, columns=_LOST_COLUMNS)

    def describe(self) -> str:
        """Return the policy, the evictions and the memory as one line; `look` comes first."""
        return _describe(self.before)

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        before, lost = self.before, self._lost
        evicts = before.eviction_policy != SAFE_POLICY
        were_evicted = before.evicted_keys > 0
        policy = set_option(
            self._settings.redis_url,
            "REDIS_URL",
            "maxmemory-policy",
            SAFE_POLICY,
            f"set the policy of Redis from {before.eviction_policy} to {SAFE_POLICY}",
        )
        is_repeatable = were_evicted and bool(lost.repeatable)
        return [
            Row(
                "tasks were evicted",
                is_repeatable,
                f"{_describe(before)}; lost: {lost.describe()}",
                send_again(self._settings, lost, policy if evicts else None),
            ),
            Row(
                "Redis may evict tasks",
                evicts and not is_repeatable,
                f"{_describe(before)}; lost: {lost.describe()}",
                policy,
            ),
            Row(
                "tasks were evicted that only their sender can send again",
                were_evicted and bool(lost.others),
                f"{len(lost.others)} lost; ids: {list_ids(lost.others)}",
                Manual(
                    "tell the senders which tasks are missing", "securenet-obs ledger --since 24h"
                ),
            ),
        ]

    def verify_policy(self) -> Finding:
        """Verify that Redis evicts nothing, by its policy and during the window."""
        first = self._probe.state()
        time.sleep(self._window_s)
        after = self._probe.state()
        more = after.evicted_keys - first.evicted_keys
        return Finding(
            after.eviction_policy == SAFE_POLICY and more == 0,
            f"{SAFE_POLICY}, no eviction within {self._window_s:g} s",
            f"before: {_describe(self.before)}; after: {_describe(after)}, {more} in the window",
        )

    def verify_lost(self) -> Finding:
        """Verify that the lost tasks were sent again: a dispatch is done, no batch is missing."""
        before = self._lost.describe()
        after = poll_until(
            lambda: find_lost(self._balance(0.0)),
            lambda lost: not lost.repeatable,
            deadline_s=self._deadline_s,
        )
        return Finding(
            not after.repeatable,
            "each lost task was sent again",
            f"before: {before}; after: {after.describe()}",
        )

    def _balance(self, settle_s: float) -> TaskBalance:
        """Return the balance of the tasks of the period, without events and lines."""
        settings, now = self._settings, time.time()
        with (
            translate_redis_errors(settings.redis_url, "REDIS_URL"),
            open_redis(settings.redis_url, "REDIS_URL") as broker,
            translate_redis_errors(settings.results, "RESULT_URL"),
            open_redis(settings.results, "RESULT_URL") as results,
        ):
            return read_tasks(broker, results, now - self._period_s, now, settle_s)


def _describe(state: BrokerState) -> str:
    return (
        f"policy {state.eviction_policy}, {state.evicted_keys} keys evicted, "
        f"{state.memory_share:.0%} of the memory used"
    )


def _to_time(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(seconds, unit="s", tz="UTC").floor("s")
