"""Affected ranges, compared with an evaluation of their events one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.advisories.ranges import intervals_of
from securenet_obs.detection.vulnerabilities.versions import key_of
from securenet_obs.errors import VersionError


def affects(events: list[dict[str, str]], version: str, family: str = "PyPI") -> bool:
    """Return whether a version is in a range with these events."""
    key = key_of(family, version)
    return any(interval.contains(key) for interval in intervals_of(family, events))


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ("0.9", True),
        ("1.0", False),
        ("1.5", False),
        ("2.0", True),
        ("2.1.9", True),
        ("2.2rc1", True),
        ("2.2", False),
        ("3.0", False),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_ranges_are_judged_in_order_of_version(version: str, affected: bool, order: int) -> None:
    """Two intervals are recognised in any order of their events."""
    events = [{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}, {"fixed": "2.2"}]
    assert affects(events[::order], version) is affected


def test_the_last_affected_version_is_affected() -> None:
    """last_affected is inclusive, fixed is not; both may follow the same start."""
    events = [{"introduced": "1.0"}, {"last_affected": "1.4"}]
    assert affects(events, "1.4")
    assert not affects(events, "1.4.1")
    assert affects([{"introduced": "1.0"}, {"last_affected": "1.0"}], "1.0")


def test_the_first_version_is_affected_from_zero_on() -> None:
    """OSV's 0 precedes every version, and pre-releases of 0 too."""
    assert affects([{"introduced": "0"}, {"fixed": "1"}], "0.dev0")
    assert affects([{"introduced": "0"}], "0.0.0-alpha", "npm")


def test_a_version_that_is_fixed_and_introduced_again_is_affected() -> None:
    """Ranges that follow each other without a gap have none at their border."""
    events = [*({"introduced": "0"}, {"fixed": "3"}), *({"introduced": "3"}, {"fixed": "4"})]
    assert affects(events, "3")
    assert not affects(events, "4")


def test_a_limit_ends_a_range() -> None:
    """The highest limit counts; * is none."""
    assert not affects([{"introduced": "0"}, {"limit": "2"}], "2")
    assert affects([{"introduced": "0"}, {"limit": "2"}, {"limit": "3"}], "2")
    assert affects([{"introduced": "0"}, {"limit": "*"}], "99")


def test_a_bound_that_is_not_a_version_is_refused() -> None:
    """A range that cannot be evaluated is not taken for an empty one."""
    with pytest.raises(VersionError):
        affects([{"introduced": "0"}, {"fixed": "2019-09-12"}], "1")


PAIRS = st.lists(st.integers(1, 60), min_size=2, max_size=8, unique=True).map(sorted)


@settings(max_examples=50)
@given(PAIRS, st.integers(0, 61), st.randoms())
def test_any_order_of_events_gives_the_same(
    numbers: list[int], version: int, random: st.DataObject
) -> None:
    """A version is affected if an odd number of distinct, alternating bounds is not above it."""
    kinds = ("introduced", "fixed")
    events = [{kinds[n % 2]: str(number)} for n, number in enumerate(numbers)]
    random.shuffle(events)  # type: ignore[attr-defined]
    assert affects(events, str(version)) is bool(sum(n <= version for n in numbers) % 2)
