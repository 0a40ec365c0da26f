"""A queue that receives more tasks than its workers finish: looks, decides, verifies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.celery import count_expired, grow_pool, shed_expired
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.celery.broker import BrokerProbe
from securenet_obs.probes.celery.known_workers import KnownWorker, ask_known_workers
from securenet_obs.probes.celery.queues import compute_queue_rates
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.settings import Settings
from securenet_obs.tables import seconds_text

STUCK_AFTER_S = 300.0
"""Seconds that a message may be in flight before its worker counts as stuck."""

MAX_MEMORY_SHARE = 0.95
"""Share of Redis's memory above which more work makes it worse."""

_WINDOWS = 4
"""Maximum number of windows that a verification watches, until the queue certainly drains."""


@dataclass(frozen=True)
class QueueState:
    """State of one queue over a window.

    Rates are messages per second; `arrivals` and `departures` are the messages of the window.
    """

    depth: int
    in_per_s: float
    out_per_s: float
    window_s: float

    @property
    def shrinks_by(self) -> float:
        """Messages per second by which the queue shrinks, negative while it grows."""
        return self.out_per_s - self.in_per_s

    @property
    def is_certain(self) -> bool:
        """Whether the direction is more than chance.

        Arrivals and departures are counts; the standard deviation of the difference of two
        independent Poisson counts is the root of their sum, and twice that is required.
        """
        moved = (self.in_per_s + self.out_per_s) * self.window_s
        return abs(self.shrinks_by) * self.window_s > 2 * math.sqrt(moved)

    @property
    def time_to_drain_s(self) -> float:
        """Seconds until the queue is empty at these rates; infinite if it does not shrink."""
        if self.depth == 0:
            return 0.0
        return self.depth / self.shrinks_by if self.shrinks_by > 0 else math.inf

    def describe(self) -> str:
        """Return the state in words."""
        return (
            f"depth {self.depth}, {self.in_per_s:.1f}/s in, {self.out_per_s:.1f}/s out, "
            f"empty in: {seconds_text(self.time_to_drain_s)}"
        )


class QueueIsGrowing:
    """The symptom of one queue.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        queue: name of the queue.
        window_s: seconds for which the queues are watched.
        longest_drain_s: a queue that is empty within these seconds needs no action.
        least_depth: a queue with fewer waiting messages needs no action.
        grow_by: processes to add to a worker's pool.
        largest_pool: processes above which another worker is started instead.
    """

    def __init__(
        self,
        settings: Settings,
        queue: str,
        *,
        window_s: float,
        longest_drain_s: float,
        least_depth: int = 10,
        grow_by: int = 2,
        largest_pool: int = 16,
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._window_s = window_s
        self._longest_drain_s = longest_drain_s
        self._least_depth = least_depth
        self._grow_by = grow_by
        self._largest_pool = largest_pool
        self._probe = TaskProbe(settings)
        self._before = QueueState(0, 0.0, 0.0, 1.0)
        self.samples = pd.DataFrame()

    def look(self) -> pd.DataFrame:
        """Watch all queues for the window.

        Returns:
            The rows of `compute_queue_rates`; `samples` has the samples that they are of.
        """
        queues = sorted({*self._probe.queue_names(), self._queue})
        self.samples = self._probe.sample_queues(self._window_s, queues=queues)
        rates = compute_queue_rates(self.samples)
        self._before = _summarise(rates, self._queue, self._window_s)
        return rates

    def pools(self) -> pd.DataFrame:
        """Return the pools of the workers, as `TaskProbe.pools`."""
        return self._probe.pools()

    def ages(self) -> str:
        """Return the waiting time of the queue's next message, and of messages in flight."""
        waiting = self._probe.describe_oldest_waiting([self._queue])[self._queue]
        in_flight = self._probe.describe_in_flight()
        return f"waiting in {self._queue}, the oldest for: {waiting}\n{in_flight}"

    def memory_share(self) -> float:
        """Return the share of its memory that Redis uses, 0 to 1."""
        return BrokerProbe(self._settings).state().memory_share

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        consumers = self._probe.consumers([self._queue])[self._queue]
        oldest_s = self._probe.oldest_in_flight_s()
        before = self._before
        needs_help = (
            before.depth >= self._least_depth and before.time_to_drain_s > self._longest_drain_s
        )
        is_stuck = needs_help and oldest_s > STUCK_AFTER_S and before.out_per_s == 0
        lacks = needs_help and bool(consumers) and not is_stuck
        expired = count_expired(self._settings, self._queue)
        return [
            self._decide_on_consumers(consumers, needs_help and not consumers),
            Row(
                "the workers are stuck",
                bool(consumers) and is_stuck,
                f"{before.out_per_s:.1f}/s out, oldest in flight: {seconds_text(oldest_s, 'none')}",
                Manual(
                    "find the worker that does nothing",
                    "securenet-obs run worker_answers_but_does_nothing",
                ),
            ),
            Row("too few workers", lacks, before.describe(), self._help(consumers, lacks)),
            Row(
                "expired tasks wait",
                expired > 0,
                f"{expired} tasks in {self._queue} have expired",
                shed_expired(self._settings, self._queue, expired),
            ),
        ]

    def _decide_on_consumers(self, consumers: Sequence[str], applies: bool) -> Row:
        """Return the row of a queue without a consumer; its step depends on the known workers."""
        finding, named = "no worker consumes the queue", ", ".join(consumers) or "none"
        why = f"workers that consume {self._queue}: {named}"
        if not applies:
            return Row(finding, False, why)
        known = ask_known_workers(self._settings)
        running = "; ".join(
            f"{row.name} consumes {', '.join(row.queues) or 'no queue'}"
            for row in known
            if row.answers
        )
        why = f"{why}; {running or 'no worker answers'}"
        return Row(finding, True, why, self._find_consumer(known))

    def _find_consumer(self, known: Sequence[KnownWorker]) -> Step:
        if not known or not all(row.answers for row in known):
            return Manual("find the worker that is missing", "securenet-obs run worker_is_gone")
        if not all(row.queues for row in known):
            return Manual(
                "find the worker that consumes nothing",
                "securenet-obs run worker_answers_but_does_nothing",
            )
        return self._start_worker(f"start a worker that consumes {self._queue}")

    def _start_worker(self, does: str) -> Step:
        return named_action(
            self._settings,
            "start_worker",
            does,
            lambda: {"consumers": ", ".join(self._probe.consumers([self._queue])[self._queue])},
            queue=self._queue,
        )

    def _help(self, consumers: Sequence[str], is_needed: bool) -> Step | None:
        """Return the step that adds processes: a larger pool, or another worker."""
        if not is_needed:
            return None
        pools = self.pools()
        own = pools[pools["worker"].isin(consumers)].sort_values("concurrency")
        if own.empty:
            return Manual("find the worker that is missing", "securenet-obs run worker_is_gone")
        worker, processes = str(own.iloc[0]["worker"]), int(own.iloc[0]["concurrency"])
        if processes + self._grow_by <= self._largest_pool:
            return grow_pool(self._settings, worker, processes, processes + self._grow_by)
        return self._start_worker(f"start another worker for {self._queue}")

    def verify_consumer(self) -> Finding:
        """Verify that a worker consumes the queue."""
        consumers = self._probe.consumers([self._queue])[self._queue]
        return Finding(bool(consumers), "at least one worker", ", ".join(consumers) or "none")

    def verify_drain(self) -> Finding:
        """Verify that the queue is short or drains in time, and more than by chance.

        It is watched for at most `_WINDOWS` windows, each longer than the one before: new processes
        take seconds to start, and a small difference takes long to be certain.
        """
        after = self._watch()
        return Finding(
            self._is_mended(after),
            f"fewer than {self._least_depth} wait, or empty within {self._longest_drain_s:g} s",
            f"before: {self._before.describe()}; after {after.window_s:g} s: {after.describe()}",
        )

    def _watch(self) -> QueueState:
        state = self._before
        for number in range(1, _WINDOWS + 1):
            window_s = self._window_s * number
            samples = self._probe.sample_queues(window_s, queues=[self._queue])
            state = _summarise(compute_queue_rates(samples), self._queue, window_s)
            if self._is_mended(state):
                break
        return state

    def _is_mended(self, state: QueueState) -> bool:
        drains = state.is_certain and state.time_to_drain_s <= self._longest_drain_s
        return drains or state.depth < self._least_depth


def _summarise(rates: pd.DataFrame, queue: str, window_s: float) -> QueueState:
    if queue not in rates.index:
        return QueueState(0, 0.0, 0.0, window_s)
    row = rates.loc[queue].to_dict()
    return QueueState(int(row["depth"]), row["in_per_s"], row["out_per_s"], window_s)
