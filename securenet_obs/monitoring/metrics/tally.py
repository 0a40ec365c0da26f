"""Increments of a process's metrics since they were last taken, safe for threads and forks."""

import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

from securenet_obs.monitoring.metrics.definitions import Definition

Sample = tuple[str, ...]
"""Name of a metric, part, and values of its labels. The part of a counter is empty; a histogram has
`sum`, and for each bucket its upper bound as text; buckets are not cumulative."""

COUNTER, SUM, INFINITE = "", "sum", "+Inf"


class Tally:
    """Increments by sample; their number is bounded, since the values of all labels are."""

    def __init__(self) -> None:
        self._increments: Counter[Sample] = Counter()
        self._lock = threading.Lock()

    def increment(self, definition: Definition, *labels: str, amount: float = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._increments[definition.name, COUNTER, *labels] += amount  # type: ignore[assignment]

    def observe(self, definition: Definition, *labels: str, value: float) -> None:
        """Add a value to a histogram."""
        place = bisect_left(definition.buckets, value)
        is_finite = place < len(definition.buckets)
        bucket = str(definition.buckets[place]) if is_finite else INFINITE
        with self._lock:
            self._increments[definition.name, bucket, *labels] += 1
            self._increments[definition.name, SUM, *labels] += value  # type: ignore[assignment]

    def take(self) -> dict[Sample, float]:
        """Return the increments, and begin anew."""
        with self._lock:
            taken, self._increments = self._increments, Counter()
        return dict(taken)

    def put_back(self, increments: Mapping[Sample, float]) -> None:
        """Add increments that were taken and not stored."""
        with self._lock:
            for sample, amount in increments.items():
                self._increments[sample] += amount  # type: ignore[assignment]

    def forget(self) -> None:
        """Forget everything in a forked child: its parent has the same increments."""
        self._increments, self._lock = Counter(), threading.Lock()


TALLY = Tally()
"""The increments of this process."""

os.register_at_fork(after_in_child=TALLY.forget)
