"""Reads Celery's queues in Redis, unchanged: keys, depths, ages, rates, messages in flight."""

import math
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pandas as pd

from securenet_obs.probes.celery.ages import (
    OLDEST_IN_FLIGHT,
    compute_held_s,
    compute_waiting_s,
    describe_age,
    find_longest,
)
from securenet_obs.probes.celery.names import DIRECT_PREFIX, UNACKED_KEY
from securenet_obs.probes.celery.queue_keys import PRIORITIES, SEPARATOR, list_queue_keys
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings


class QueueProbe:
    """Read-only probe of the broker's queues.

    Every method raises UnreachableError when Redis does not answer within 2 s, ForbiddenError when
    it denies access, and RefusedError when it executes nothing now. `queues=None` means those of
    `queue_names`. A Redis whose memory is full answers: no method needs a transaction.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare, without connecting.

        Raises:
            SettingsError: REDIS_URL is not a Redis URL.
        """
        self._broker_url = settings.redis_url
        self._broker = open_redis(settings.redis_url, "REDIS_URL")

    def queue_names(self) -> list[str]:
        """Return the queues that a worker has declared, and those that hold messages."""
        with self._reading_broker():
            declared = [
                str(member, "utf-8").rsplit(SEPARATOR, 1)[-1]
                for key in self._broker.scan_iter("_kombu.binding.*")
                for member in self._broker.smembers(key)  # type: ignore[union-attr]
            ]
            filled = [
                str(key, "utf-8").split(SEPARATOR)[0]
                for key in self._broker.scan_iter(_type="list")
            ]
        return sorted(name for name in {*declared, *filled} if not _is_internal(name))

    def queue_depths(self, queues: Iterable[str] | None = None) -> dict[str, int]:
        """Return the number of waiting messages per queue, over all priorities."""
        names = self._resolve_names(queues)
        lengths = self._query([("LLEN", key) for name in names for key in list_queue_keys(name)])
        return {name: sum(row) for name, row in zip(names, _group_by_queue(lengths), strict=True)}

    def in_flight(self) -> int:
        """Return the number of messages that workers hold and have not acknowledged yet."""
        return int(self._query([("HLEN", UNACKED_KEY)])[0])

    def oldest_in_flight_s(self) -> float:
        """Return how many seconds the oldest unacknowledged message has been held, or NaN."""
        return compute_held_s(self._query([OLDEST_IN_FLIGHT])[0])

    def oldest_waiting_s(self, queues: Iterable[str] | None = None) -> dict[str, float]:
        """Return how many seconds the next message of each queue has waited.

        NaN if nothing waits, or if the message lacks `SENT_AT_HEADER`, the time of sending: all of
        SecureNet's messages have it, those of other producers do not. `describe_oldest_waiting`
        distinguishes the two.
        """
        heads = self._read_heads(queues)
        return {name: find_longest(map(compute_waiting_s, row)) for name, row in heads.items()}

    def describe_oldest_waiting(self, queues: Iterable[str] | None = None) -> dict[str, str]:
        """Return the waiting time of each queue's next message as text.

        `12.3 s`; `none` if nothing waits; `unknown`, with the reason, without `SENT_AT_HEADER`.
        """
        return {
            name: describe_age(
                find_longest(map(compute_waiting_s, row)), sum(head is not None for head in row)
            )
            for name, row in self._read_heads(queues).items()
        }

    def describe_in_flight(self) -> str:
        """Return the number of messages in flight and the age of the oldest, as text."""
        count, oldest = self._query([("HLEN", UNACKED_KEY), OLDEST_IN_FLIGHT])
        return f"{count} in flight, the oldest for: {describe_age(compute_held_s(oldest), count)}"

    def sample_queues(
        self, window_s: float, every_s: float = 0.5, queues: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Sample the queues every `every_s` seconds for `window_s` seconds.

        Returns a row for each sample and queue: `time` (UTC), `queue`, `depth`, `arrivals` and
        `departures` (messages since the first sample), `oldest_waiting_s`, and for the whole broker
        `in_flight` and `oldest_in_flight_s`. Arrivals are counted by the present position of the
        previous sample's newest message; once that is gone, the counts are lower bounds.
        """
        samplers = {
            name: [_ListSampler(key) for key in list_queue_keys(name)]
            for name in self._resolve_names(queues)
        }
        began = time.monotonic()
        rows = self._sample(samplers)
        for number in range(1, max(1, round(window_s / every_s)) + 1):
            time.sleep(max(0.0, began + number * every_s - time.monotonic()))
            rows += self._sample(samplers)
        return pd.DataFrame(rows)

    def _sample(self, samplers: dict[str, list["_ListSampler"]]) -> list[dict[str, Any]]:
        every = [sampler for row in samplers.values() for sampler in row]
        commands = [command for sampler in every for command in sampler.commands()]
        commands += [("HLEN", UNACKED_KEY), OLDEST_IN_FLIGHT]
        *answers, in_flight, oldest = self._query(commands)
        waited = [
            sampler.update(*answers[4 * number : 4 * number + 4])
            for number, sampler in enumerate(every)
        ]
        common = {
            "time": pd.Timestamp.now("UTC"),
            "in_flight": in_flight,
            "oldest_in_flight_s": compute_held_s(oldest),
        }
        return [
            {
                "queue": name,
                "depth": sum(sampler.depth for sampler in row),
                "arrivals": sum(sampler.arrivals for sampler in row),
                "departures": sum(sampler.departures for sampler in row),
                "oldest_waiting_s": find_longest(ages),
                **common,
            }
            for (name, row), ages in zip(samplers.items(), _group_by_queue(waited), strict=True)
        ]

    def _read_heads(self, queues: Iterable[str] | None) -> dict[str, Sequence[bytes | None]]:
        """Return the next messages of each queue, one for each priority step."""
        names = self._resolve_names(queues)
        heads = self._query(
            [("LINDEX", key, -1) for name in names for key in list_queue_keys(name)]
        )
        return dict(zip(names, _group_by_queue(heads), strict=True))

    def _resolve_names(self, queues: Iterable[str] | None) -> list[str]:
        return self.queue_names() if queues is None else list(queues)

    def _query(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Run commands in one round trip, without a transaction; return their answers.

        Redis refuses every transaction while its memory is full, even one that only reads.
        """
        with self._reading_broker(), self._broker.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            return pipeline.execute()

    def _reading_broker(self) -> AbstractContextManager[None]:
        return translate_redis_errors(self._broker_url, "REDIS_URL")


def compute_queue_rates(samples: pd.DataFrame) -> pd.DataFrame:
    """Summarise samples, a row for each queue, which is the index.

    `depth` at the end; `in_per_s` and `out_per_s`, messages per second over the window;
    `time_to_drain_s` at these rates: 0 for an empty queue, infinite for one that does not shrink.
    """
    groups = samples.groupby("queue", sort=False)
    first, last = groups.first(), groups.last()
    seconds = (last["time"] - first["time"]).dt.total_seconds()
    rates = pd.DataFrame(
        {
            "depth": last["depth"],
            "in_per_s": (last["arrivals"] - first["arrivals"]) / seconds,
            "out_per_s": (last["departures"] - first["departures"]) / seconds,
        }
    )
    shrinks_by = rates["out_per_s"] - rates["in_per_s"]
    drains = (rates["depth"] / shrinks_by.where(shrinks_by > 0)).fillna(math.inf)
    return rates.assign(time_to_drain_s=drains.where(rates["depth"] > 0, 0.0))


@dataclass
class _ListSampler:
    """Sampling state of one Redis list; new messages enter it at the left."""

    key: str
    newest: bytes | None = None
    depth: int = 0
    arrivals: int = 0
    departures: int = 0
    was_sampled: bool = False

    def commands(self) -> list[tuple[Any, ...]]:
        key = self.key
        newest = ("LPOS", key, self.newest or b"")
        return [("LLEN", key), ("LINDEX", key, 0), ("LINDEX", key, -1), newest]

    def update(
        self, depth: int, newest: bytes | None, oldest: bytes | None, position: int | None
    ) -> float:
        """Apply the answers to `commands`; return how long the oldest message has waited."""
        if self.was_sampled:
            arrivals = depth if position is None else position
            self.arrivals += arrivals
            # A message that a worker returned makes the list grow without an arrival.
            self.departures += max(0, self.depth + arrivals - depth)
        self.was_sampled, self.depth, self.newest = True, depth, newest
        return compute_waiting_s(oldest)


def _group_by_queue(answers: Sequence[Any]) -> list[Sequence[Any]]:
    step = len(PRIORITIES)
    return [answers[start : start + step] for start in range(0, len(answers), step)]


def _is_internal(queue: str) -> bool:
    return queue.endswith(".pidbox") or queue.startswith(("celeryev.", DIRECT_PREFIX))
