import itertools
import math
import time

from securenet_obs.processes.polling import Deadline, poll_to_zero, poll_until
from tests.busy import room_for


def test_polling_ends_with_a_sufficient_observation() -> None:
    """No further observation follows."""
    looks = itertools.count()
    assert poll_until(lambda: next(looks), lambda seen: seen == 2, deadline_s=60) == 2
    assert next(looks) == 3


def test_any_true_result_is_sufficient_by_default() -> None:
    """The first true result is returned."""
    looks = iter([None, "", "here", "later"])
    assert poll_until(lambda: next(looks), deadline_s=60, interval_s=0) == "here"


def test_last_observation_is_returned_at_the_deadline() -> None:
    """There is at least one observation, however short the deadline is."""
    looks = itertools.count()
    assert poll_until(lambda: next(looks), lambda _: False, deadline_s=0) == 0
    assert poll_until(lambda: next(looks), lambda _: False, deadline_s=0.3) >= 2


def test_last_observation_is_made_at_the_deadline() -> None:
    """A long interval is cut at the deadline; the result of that observation counts."""
    began = time.monotonic()
    late = poll_until(lambda: time.monotonic() - began > 0.2, deadline_s=0.2, interval_s=60)
    assert late
    assert time.monotonic() - began < room_for(1)


def test_deadline_passes_when_no_time_is_left() -> None:
    """The remaining time is never negative, and may be infinite."""
    passed, ahead, never = (Deadline.after(seconds) for seconds in (-1.0, 60.0, math.inf))
    assert (passed.has_passed, passed.left_s) == (True, 0.0)
    assert not ahead.has_passed
    assert 0 < ahead.left_s <= 60
    assert (never.has_passed, never.left_s) == (False, math.inf)


def test_deadlines_can_be_compared_and_moved() -> None:
    """An earlier deadline is smaller than a later one."""
    soon = Deadline.after(1.0)
    assert min(soon.later(5.0), soon) == soon
    assert soon.later(5.0) > soon


def test_work_that_goes_on_is_waited_for() -> None:
    """Each new lowest count begins the wait anew, however long all of it takes; 0 ends it."""
    counts = iter([3, 3, 2, 4, 2, 1, 1, 0, 5])
    assert poll_to_zero(lambda: next(counts), stall_s=60, interval_s=0) == 0
    assert next(counts) == 5


def test_work_that_stalls_is_given_up() -> None:
    """A count that rises, or stays, is no progress."""
    counts = itertools.chain([3, 2, 4], itertools.repeat(2))
    assert poll_to_zero(lambda: next(counts), stall_s=0.1, interval_s=0.01) == 2
