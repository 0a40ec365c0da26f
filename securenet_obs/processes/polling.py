"""Deadlines; polling until a condition holds, or a count is zero, or a deadline has passed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

Observation = TypeVar("Observation")

INTERVAL_S = 0.2


@dataclass(frozen=True, order=True, slots=True)
class Deadline:
    """A time of the monotonic clock, which all processes of a machine share."""

    ends_at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the deadline that is this many seconds away; it may be `math.inf`."""
        return cls(time.monotonic() + seconds)

    def later(self, seconds: float) -> "Deadline":
        """Return the deadline that is this many seconds after this one."""
        return Deadline(self.ends_at + seconds)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; 0 once it has passed."""
        return max(0.0, self.ends_at - time.monotonic())

    @property
    def has_passed(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.ends_at


def poll_until(
    observe: Callable[[], Observation],
    is_sufficient: Callable[[Observation], object] = bool,
    *,
    deadline_s: float,
    interval_s: float = INTERVAL_S,
) -> Observation:
    """Poll `observe` and return its last result, sufficient or not: the caller judges it.

    Args:
        observe: called at least once, and once more at the deadline; its errors are propagated.
        is_sufficient: ends the polling when true; by default any true result does.
        deadline_s: seconds after which polling stops.
        interval_s: seconds between two calls.
    """
    deadline = Deadline.after(deadline_s)
    while not is_sufficient(observation := observe()) and not deadline.has_passed:
        time.sleep(min(interval_s, deadline.left_s))
    return observation


def poll_to_zero(
    count: Callable[[], int], *, stall_s: float, interval_s: float = INTERVAL_S
) -> int:
    """Poll a count of remaining work until it is 0 or stalls, and return its last value.

    A busy machine delays the work, and does not fail it.

    Args:
        count: returns the remaining work.
        stall_s: seconds without a new lowest count after which polling stops.
        interval_s: seconds between two calls.
    """
    left = count()
    while lowest := left:
        left = poll_until(
            count,
            lambda now, lowest=lowest: now < lowest,  # type: ignore[misc]
            deadline_s=stall_s,
            interval_s=interval_s,
        )
        if left >= lowest:
            break
    return left
