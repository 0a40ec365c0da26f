"""One user acts at a time; users take over locks of their own, and both places count."""

from dataclasses import replace

import pytest

from securenet_obs.errors import UnreachableError
from securenet_obs.oncall.locks.incident_lock import IncidentLock
from tests.oncall.conftest import MemoryPlace


def test_a_second_user_is_refused_until_it_is_released(place: MemoryPlace) -> None:
    """The refusal names the first, and since when; the release is for the holder alone."""
    first, second = IncidentLock(place), IncidentLock(place)
    assert first.describe() == "nobody: the incident lock is free"
    assert first.take("Ann", "r", is_named=True) == ""
    holder = place.holder
    assert holder is not None
    refusal = second.take("Ben", "s", is_named=True)
    assert refusal.startswith(f"Ann acts since {holder.since} (r)")
    assert second.describe() == f"Ann acts since {holder.since} (r)"
    second.release()
    assert place.holder == holder
    first.release()
    assert second.take("Ben", "s", is_named=True) == ""


def test_a_name_that_was_given_takes_over_its_own_lock(place: MemoryPlace) -> None:
    """The user of a shared account may be two persons, unless the first run has ended."""
    IncidentLock(place).take("root@host", "r", is_named=False)
    assert place.holder is not None
    assert IncidentLock(place).take("root@host", "r", is_named=False) == ""
    place.holder = replace(place.holder, pid=1, host="elsewhere")
    assert IncidentLock(place).take("root@host", "r", is_named=False)
    assert IncidentLock(place).take("root@host", "r", is_named=True) == ""
    assert place.holder is not None
    place.holder = replace(place.holder, started="another")
    assert IncidentLock(place).take("root@host", "r", is_named=False) == ""
    assert IncidentLock(place).take("Ann", "r", is_named=True)


def test_the_same_run_takes_it_again(place: MemoryPlace) -> None:
    """It acts twice; a lock that was taken over meanwhile is not its own."""
    lock = IncidentLock(place)
    assert lock.take("root@host", "r", is_named=False) == ""
    assert lock.take("root@host", "r", is_named=False) == ""
    place.holder = None
    IncidentLock(place).take("Ben", "r", is_named=True)
    assert lock.take("root@host", "r", is_named=False).startswith("Ben acts since")


def test_a_user_that_acts_by_the_other_place_refuses_it(place: MemoryPlace) -> None:
    """The own lock is given back; another place that does not answer refuses no user."""
    other = MemoryPlace()
    IncidentLock(other).take("Ann", "redis_is_full", is_named=True)
    lock = IncidentLock(place, lambda: other)
    assert lock.take("Ben", "r", is_named=True).startswith("Ann acts since")
    assert place.holder is None
    assert lock.take("Ann", "r", is_named=True) == ""
    other.error = UnreachableError("it is gone")
    assert IncidentLock(MemoryPlace(), lambda: other).take("Ben", "r", is_named=True) == ""


def test_a_place_that_does_not_answer_is_named(place: MemoryPlace) -> None:
    """A look goes on; acting does not."""
    place.error = UnreachableError("it is gone")
    assert IncidentLock(place).describe().endswith("cannot be read: it is gone")
    with pytest.raises(UnreachableError):
        IncidentLock(place).take("Ann", "r", is_named=True)


def test_a_lock_that_was_taken_at_this_moment_is_not_taken(place: MemoryPlace) -> None:
    """Between the look at the holder and the exchange."""

    class Late(MemoryPlace):
        def read(self) -> None:
            return None

    late = Late()
    late.replace = lambda *_: False  # type: ignore[method-assign]
    assert "at this moment" in IncidentLock(late).take("Ann", "r", is_named=True)
