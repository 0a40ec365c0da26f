"""The usual value at a time of the day or of the week: the median of the latest periods."""

from collections.abc import Mapping
from typing import Any

_MIN_SLOT_S = 300.0


class Season:
    """Means of the slots of the latest periods; a slot has at least five minutes."""

    def __init__(self, period_s: float, keep: int, least: int) -> None:
        self._period_s, self._keep, self._least = period_s, keep, least
        self._slots: dict[int, list[float]] = {}
        self._open = 0
        self._sum, self._count = 0.0, 0

    def usual(self, moment_s: float, step_s: float) -> float | None:
        """Return the usual value at this time; None while fewer periods than needed have one."""
        means = self._slots.get(self._slot(moment_s, step_s))
        if means is None or len(means) < self._least:
            return None
        ordered = sorted(means)
        middle = len(ordered) // 2
        return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2

    def learn(self, moment_s: float, step_s: float, value: float) -> None:
        """Add a value to its slot; a slot counts once a value of another slot has come."""
        slot = self._slot(moment_s, step_s)
        if slot != self._open:
            self._close()
            self._open = slot
        self._sum += value
        self._count += 1

    def as_json(self) -> dict[str, Any]:
        """Return the means of each slot, oldest first, and the slot that is not over."""
        slots = [[slot, list(means)] for slot, means in self._slots.items()]
        return {"slots": slots, "open": [self._open, self._sum, self._count]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue with the result of `as_json`; its lists are changed then."""
        # As it is: most of the slots are not changed before this object is discarded.
        self._slots = dict(state["slots"])
        self._open, self._sum, self._count = state["open"]

    def _slot(self, moment_s: float, step_s: float) -> int:
        slot_s = max(step_s, _MIN_SLOT_S)
        return int((moment_s % self._period_s + slot_s / 2) // slot_s * slot_s % self._period_s)

    def _close(self) -> None:
        if self._count:
            means = self._slots.setdefault(self._open, [])
            means.append(self._sum / self._count)
            del means[: -self._keep]
            self._sum, self._count = 0.0, 0
