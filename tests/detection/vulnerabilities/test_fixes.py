"""Fix plans, compared with brute force."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.detection.vulnerabilities.fixes import Fixes
from securenet_obs.detection.vulnerabilities.matching import match
from tests.detection.vulnerabilities.osv import (
    CRITICAL,
    HIGH,
    advisory,
    before,
    index_of,
    inventory_of,
)


def plan(version: str, *records: dict[str, Any], severity: str = "unknown") -> dict[str, Any]:
    """Return the plan for one package in use."""
    index = index_of(*records)
    matches = match(inventory_of(("left-pad", version)).components, index)
    (fix,) = Fixes(matches, index).plan(severity)
    return fix.as_json()


def test_a_fix_that_has_another_vulnerability_is_not_one() -> None:
    """A is fixed in 2, but 2 is affected by B, which 3 fixes: the plan is 3."""
    fix = plan("1", advisory("A", *before("2")), advisory("B", *before("3", "2")))
    assert (fix["fixed"], fix["resolves"], fix["same_major"]) == ("3", ["A"], False)


def test_a_fix_does_not_precede_the_version_in_use() -> None:
    """Of two branches with a fix, that of the version in use counts."""
    branches = [*before("1.26.17"), *before("2.0.6", "2.0.0")]
    assert plan("2.0.1", advisory("A", *branches))["fixed"] == "2.0.6"
    assert plan("1.25", advisory("A", *branches))["fixed"] == "1.26.17"


def test_none_exists_is_stated() -> None:
    """A vulnerability without a fix has the reason instead."""
    fix = plan("1", advisory("A", {"introduced": "0"}))
    assert fix["fixed"] is None
    assert fix["reason"].startswith("none exists")


def test_less_severe_vulnerabilities_do_not_count() -> None:
    """The plan for critical ones may have a high one."""
    records = advisory("A", *before("2"), vector=CRITICAL), advisory("B", *before("3"), vector=HIGH)
    assert plan("1", *records, severity="critical")["fixed"] == "2"
    assert plan("1", *records, severity="high")["fixed"] == "3"


def test_a_release_is_preferred_to_a_prerelease() -> None:
    """A release counts before an earlier pre-release, unless one is in use."""
    grave = advisory("A", *before("2.0rc1"), vector=HIGH)
    # Names 2.0, but is not as severe.
    other = advisory("B", {"introduced": "9"}, versions=["2.0"])
    assert plan("1", grave, other, severity="high")["fixed"] == "2.0"
    assert plan("2.0b1", grave, other, severity="high")["fixed"] == "2.0rc1"


VERSIONS = [f"{major}.{minor}" for major in range(1, 4) for minor in range(4)]
RANGES = st.tuples(st.sampled_from(["0", *VERSIONS]), st.sampled_from(VERSIONS))
KINDS = st.sampled_from(["fixed", "last_affected"])
VECTORS = st.sampled_from(["", HIGH, CRITICAL])
PLANTED = st.lists(st.tuples(RANGES, KINDS, VECTORS), min_size=1, max_size=6)
RANKS = {"": 0, HIGH: 1, CRITICAL: 2}


def number(version: str) -> tuple[int, ...]:
    """Return a version as numbers: an independent order."""
    return tuple(map(int, version.split("."))) if version != "0" else (0,)


@settings(max_examples=50)
@given(PLANTED, st.sampled_from(VERSIONS), st.sampled_from(["unknown", "high", "critical"]))
def test_a_plan_is_that_of_brute_force(planted: list[Any], current: str, severity: str) -> None:
    """The plan is the first later version that no planted range of that severity contains."""
    rank = {"unknown": 0, "high": 1, "critical": 2}[severity]

    def affected(version: str) -> set[int]:
        """Return the planted ranges with the version; one that ends before its start has no end."""
        return {
            n
            for n, ((start, end), kind, vector) in enumerate(planted)
            if RANKS[vector] >= rank and number(start) <= number(version)
            if number(version) < number(end)
            or (kind == "last_affected" and version == end)
            or number(end) < number(start)
            or (kind == "fixed" and number(end) == number(start))
        }

    records = [
        advisory(str(n), {"introduced": start}, {kind: end}, vector=vector)
        for n, ((start, end), kind, vector) in enumerate(planted)
    ]
    # Published in every version, all of which exist.
    records.append(advisory("KNOWN", {"introduced": "99"}, versions=VERSIONS, withdrawn=""))
    index = index_of(*records)
    (entries,) = index.entries.values()
    entries[-1].listed.clear()
    matches = match(inventory_of(("left-pad", current)).components, index)
    found = Fixes(matches, index).plan(severity)
    later = [version for version in VERSIONS if number(version) > number(current)]
    expected = next((version for version in later if not affected(version)), "")
    if affected(current):
        assert [fix.fixed for fix in found] == [expected]
        assert set(found[0].resolves) == {str(n) for n in affected(current)}
    else:
        assert found == []
