"""Looks again and again until what is seen is enough, or the time is over."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")

PAUSE_S = 0.2


def watch(look: Callable[[], Seen], is_enough: Callable[[Seen], object], deadline_s: float) -> Seen:
    """Return what was seen last, enough or not: the caller judges it.

    Args:
        look: is called at least once; what it raises is raised.
        is_enough: ends it when true.
        deadline_s: seconds after which no further look is taken.
    """
    ends = time.monotonic() + deadline_s
    while not is_enough(seen := look()) and time.monotonic() < ends:
        time.sleep(PAUSE_S)
    return seen
