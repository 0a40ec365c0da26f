"""Task probe: sends tasks, also unregistered or pickled; reads results, workers, pools, beat."""

import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from celery import states
from celery.canvas import Signature
from celery.result import denied_join_result
from redis.client import PubSub

from securenet_obs.errors import NotFoundError, UnreachableError
from securenet_obs.probes.celery.client import create_celery_client, open_inspector, query_workers
from securenet_obs.probes.celery.names import (
    DIRECT_PREFIX,
    ENTRIES_KEY,
    RESULT_PREFIX,
    TICK_KEY,
    UNACKED_KEY,
)
from securenet_obs.probes.celery.queue_keys import list_queue_keys
from securenet_obs.probes.celery.redis_reading import TIMEOUT_S, format_address
from securenet_obs.probes.celery.results import ResultProbe
from securenet_obs.probes.celery.round_trips import (
    ROUND_TRIP_COLUMNS,
    RoundTrip,
    receive_state,
    route,
)
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings

UNREGISTERED_TASK = "securenet_obs.probes.no_such_task"
"""A task name that no worker registers."""


@dataclass(frozen=True)
class BeatTick:
    """Time of beat's last tick, and its age in seconds."""

    at: datetime
    age_s: float


@dataclass(frozen=True)
class PickleOutcome:
    """Outcome of a task with a pickled message."""

    refused: bool
    """A worker took the message off its queue, did not run it and no longer holds it."""
    state: str
    """The task's state; PENDING, as expected, if no result was ever published."""
    is_queued: bool
    """The message still waits: no worker took it, so nothing is proven."""

    @property
    def outcome(self) -> str:
        """Return `refused`, `queued`, `in flight`, or the state of a task that was executed."""
        if self.refused:
            return "refused"
        if self.state != states.PENDING:
            return f"executed: {self.state}"
        return "queued" if self.is_queued else "in flight"


class TaskProbe(ResultProbe):
    """Sends tasks to the broker and reads their results; also reads the queues.

    It defines no tasks: callers pass Celery signatures, their own or those from `signature`.
    Every method raises UnreachableError when Redis does not answer within seconds, ForbiddenError
    when it denies access, and RefusedError when it executes nothing now.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        """
        super().__init__(settings)
        self._app = create_celery_client(settings)

    def signature(self, task: str, *args: Any, queue: str, **kwargs: Any) -> Signature:
        """Return the signature of a named task, for a queue that workers may or may not consume."""
        return self._app.signature(task, args=args, kwargs=kwargs, options={"queue": queue})

    def run_round_trips(self, signatures: Iterable[Signature], deadline_s: float) -> pd.DataFrame:
        """Send tasks one after another and wait until all are done, or for `deadline_s` seconds.

        Returns a row per task, in the order sent: `task`, `queue`, `task_id`, `state` (PENDING
        without any result), `submitted_at` (UTC), `latency_s` (from sending to result, NaN when not
        done), `result` (None unless SUCCESS) and `error` ("Type: message", "" if none). A task
        that no worker takes before the deadline expires and never runs.
        """
        deadline = Deadline.after(deadline_s)
        trips = [RoundTrip(signature) for signature in signatures]
        waiting = {RESULT_PREFIX + trip.task_id: trip for trip in trips}
        with self._reading_results(), self._open_subscription() as subscription:
            self._ping()
            if waiting:
                subscription.subscribe(*waiting)  # type: ignore[no-untyped-call]
            for trip in trips:
                self._send(trip, deadline_s)
                while receive_state(subscription, waiting, 0.0):
                    pass
            while not all(trip.is_done for trip in trips) and not deadline.has_passed:
                receive_state(subscription, waiting, min(deadline.left_s, TIMEOUT_S / 2))
        return pd.DataFrame([trip.row() for trip in trips], columns=ROUND_TRIP_COLUMNS)

    def run_unregistered_task(self, queue: str, deadline_s: float) -> pd.DataFrame:
        """Send a task that no worker registers; a worker must report it as NotRegistered."""
        return self.run_round_trips([self.signature(UNREGISTERED_TASK, queue=queue)], deadline_s)

    def send_pickled_task(self, signature: Signature, deadline_s: float) -> PickleOutcome:
        """Send a harmless known task as a pickle, and check whether a worker runs it.

        A worker that accepts pickles runs it and publishes a result. One that refuses takes the
        message off the queue and drops it: it is neither queued nor in flight, and has no result.
        To be sure, the probe then waits for as long again as that took, 1 s at least.
        """
        trip = RoundTrip(self._create_pickled(signature))
        key = RESULT_PREFIX + trip.task_id
        with self._reading_results(), self._open_subscription() as subscription:
            self._ping()
            subscription.subscribe(key)  # type: ignore[no-untyped-call]
            self._send(trip, deadline_s)
            while (is_held := self._is_held(trip)) and trip.age_s < deadline_s:
                receive_state(subscription, {key: trip}, 0.05)
            ends_s = trip.age_s if is_held else trip.age_s + max(1.0, trip.age_s)
            while not trip.is_done and trip.age_s < ends_s:
                receive_state(subscription, {key: trip}, ends_s - trip.age_s)
        is_held = self._is_held(trip)
        refused = trip.state == states.PENDING and not is_held
        return PickleOutcome(refused, trip.state, is_queued=is_held and self._is_queued(trip))

    def _create_pickled(self, signature: Signature) -> Signature:
        options = {"queue": route(signature), "serializer": "pickle"}
        return self._app.signature(
            signature.task, args=signature.args, kwargs=signature.kwargs, options=options
        )

    def consumers(
        self, queues: Iterable[str] | None = None, timeout_s: float = 1.0
    ) -> dict[str, list[str]]:
        """Return the workers that report, within `timeout_s`, that they consume each queue.

        Only an executed canary proves that a worker works: one that answers here may be stuck.
        """
        with open_inspector(self._settings, timeout_s) as inspect:
            answers = inspect.active_queues() or {}
        found: dict[str, list[str]] = {name: [] for name in self._resolve_names(queues)}
        for worker in sorted(answers):
            for queue in answers[worker]:
                if not queue["name"].startswith(DIRECT_PREFIX):
                    found.setdefault(queue["name"], []).append(worker)
        return found

    def pools(self, timeout_s: float = 1.0) -> pd.DataFrame:
        """Return a row for each worker that answers within `timeout_s`.

        `worker`, `concurrency` (processes in its pool) and `busy` (tasks it is executing).
        """
        with open_inspector(self._settings, timeout_s) as inspect:
            stats, active = query_workers(inspect, "stats", "active")
        rows = [
            (name, len(stats[name]["pool"]["processes"]), len(active.get(name, ())))
            for name in sorted(stats)
        ]
        return pd.DataFrame(rows, columns=["worker", "concurrency", "busy"])

    def beat_tick(self) -> BeatTick:
        """Return beat's last tick.

        Raises:
            NotFoundError: no tick is on record.
        """
        with self._reading_results():
            value = self._results.get(TICK_KEY)
        if value is None:
            raise NotFoundError(
                f"Beat has recorded no tick at {format_address(self._results_url)}; "
                "check that it is running."
            )
        seconds = float(value)  # type: ignore[arg-type]
        return BeatTick(datetime.fromtimestamp(seconds, UTC), time.time() - seconds)

    def beat_entries(self) -> pd.DataFrame:
        """Return the schedule that beat has recorded; no rows if it never did.

        Returns:
            A row for each entry, its name in the index: `task`, `schedule`, `last` (UTC; time of
            the last sending, or of creation if never sent), `next` (UTC; next due time) and
            `period` (seconds from one due time to the next; NaN from a beat of an older release).
        """
        with self._reading_results():
            entries: Any = self._results.hgetall(ENTRIES_KEY)
        rows = {name.decode(): json.loads(entry) for name, entry in sorted(entries.items())}
        columns = ["task", "schedule", "last", "next", "period"]
        frame = pd.DataFrame(list(rows.values()), index=list(rows), columns=columns)
        moments = {
            name: pd.to_datetime(frame[name], unit="s", utc=True) for name in ("last", "next")
        }
        return frame.assign(**moments).rename_axis("entry")

    def result_ttl(self, task_id: str) -> float:
        """Return the seconds until a task's result expires; infinity if it never does.

        Raises:
            NotFoundError: the task has no result.
        """
        with self._reading_results():
            ttl_ms: Any = self._results.pttl(RESULT_PREFIX + task_id)
        if ttl_ms == -2:
            raise NotFoundError(
                f"Task {task_id} has no result at {format_address(self._results_url)}."
            )
        return math.inf if ttl_ms == -1 else ttl_ms / 1000

    def _send(self, trip: RoundTrip, expires_s: float) -> None:
        trip.submitted_at = pd.Timestamp.now("UTC")
        trip.sent_at = time.monotonic()
        # Otherwise Celery itself would subscribe to each task's result, for ever.
        with denied_join_result(), self._reading_broker():
            try:
                trip.signature.apply_async(task_id=trip.task_id, expires=expires_s)
            except AttributeError as error:
                # kombu raises AttributeError when a connection is lost while in use.
                raise UnreachableError(
                    f"{format_address(self._broker_url)} does not accept tasks: {error}"
                ) from error

    def _is_queued(self, trip: RoundTrip) -> bool:
        return self._holds(trip, [("LRANGE", key, 0, -1) for key in list_queue_keys(trip.queue)])

    def _is_held(self, trip: RoundTrip) -> bool:
        """Return whether the message waits or is in flight."""
        # The queues first: a message that a worker takes between the two is found in flight.
        queues = [("LRANGE", key, 0, -1) for key in list_queue_keys(trip.queue)]
        return self._holds(trip, [*queues, ("HVALS", UNACKED_KEY)])

    def _holds(self, trip: RoundTrip, commands: list[tuple[Any, ...]]) -> bool:
        mark = trip.task_id.encode()
        return any(mark in message for messages in self._query(commands) for message in messages)

    def _ping(self) -> None:
        """Detect an unreachable Redis at once instead of after Celery's retries."""
        self._query([("PING",)])
        self._results.ping()

    def _open_subscription(self) -> PubSub:
        subscription: PubSub = self._results.pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )
        return subscription
