"""Ranks: each kind of evidence moves a difference, for or against it."""

import pytest

from securenet_obs.runner.comparison.differences import ABSENT, Difference
from securenet_obs.runner.comparison.ranking import Past, Symptom, rank

SYMPTOM = Symptom(
    "08_the_broker_is_safe", "The broker is safe", 6, ["no key is evicted"],
    "policy: noeviction", "policy: allkeys-lru", "state.eviction_policy",
)  # fmt: skip


def first(*differences: Difference, symptom: Symptom = SYMPTOM, past: Past | None = None) -> str:
    """Return the name of the difference that ranks first."""
    return rank(differences, symptom, past or Past())[0].difference.what


POLICY = Difference("redis", "maxmemory-policy", "noeviction", "allkeys-lru")


def test_values_of_the_failed_check_count_most() -> None:
    """The reason names them; a change of another area is behind."""
    ranked = rank([Difference("package", "rich", "14.2", "15.0"), POLICY], SYMPTOM, Past())
    assert [row.difference.what for row in ranked] == ["maxmemory-policy", "rich"]
    assert "its values are those of the failed check" in ranked[0].why


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        # The area of the check.
        (Difference("package", "kombu", "5.6", "5.7"), Difference("package", "rich", "1.6", "1.7")),
        # The cell that failed, and another one.
        (
            Difference("code", "08_the_broker_is_safe (cell 6)", "a", "b"),
            Difference("code", "08_the_broker_is_safe (cell 2)", "a", "b"),
        ),
        # A stricter limit, and a looser one.
        (
            Difference("parameter", "longest_held_s", "60", "1"),
            Difference("parameter", "longest_wait_s", "1", "60"),
        ),
        # A number with an exponent is read whole.
        (
            Difference("parameter", "largest_a", "0.8", "1e-07"),
            Difference("parameter", "largest_b", "1e-07", "0.8"),
        ),
        # A major version, and a patch.
        (
            Difference("package", "aa", "1.0.0", "2.0.0"),
            Difference("package", "ab", "1.0", "1.0.1"),
        ),
        # A release of the target, and an upgrade of another area.
        (
            Difference("code", "SECURENET_RELEASE", "s@1", "s@2"),
            Difference("package", "structlog", "1.0", "1.1"),
        ),
        # A setting that vanished, and a new one.
        (Difference("setting", "AA", "x", ABSENT), Difference("setting", "AB", ABSENT, "x")),
    ],
)
def test_the_likely_one_comes_first(likely: Difference, unlikely: Difference) -> None:
    """In either order."""
    assert first(likely, unlikely) == first(unlikely, likely) == likely.what


def test_history_speaks_for_and_against() -> None:
    """A fact that changes all the time, one that was green before, one that changed too late."""
    often, seldom = Difference("setting", "AA", "1", "2"), Difference("setting", "BB", "1", "2")
    assert first(often, seldom) == "AA"
    assert first(often, seldom, past=Past(9, {often.key: 9})) == "BB"
    assert first(often, seldom, past=Past(0, {}, {often.key: frozenset({"2"})})) == "BB"
    assert first(often, seldom, past=Past(before_red=frozenset({seldom.key}))) == "BB"
    (row,) = rank([often], SYMPTOM, Past(9, {often.key: 9}))
    assert "changed in 9 of 9 earlier comparisons" in row.why
