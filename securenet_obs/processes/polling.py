"""Polls an observation until it is sufficient or the deadline has passed."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PAUSE_S = 0.2


def watch(look: Callable[[], Seen], is_enough: Callable[[Seen], object], deadline_s: float) -> Seen:
    """Poll `look` and return its last result, sufficient or not: the caller judges it.

    Args:
        look: called at least once; its errors are propagated.
        is_enough: ends the polling when true.
        deadline_s: seconds after which polling stops.
    """
    ends = time.monotonic() + deadline_s
    while not is_enough(seen := look()) and time.monotonic() < ends:
        time.sleep(PAUSE_S)
    return seen
