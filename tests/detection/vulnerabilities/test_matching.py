"""Matching of components with advisories."""

from itertools import permutations

from securenet_obs.detection.vulnerabilities.components import Component, Inventory, Package
from securenet_obs.detection.vulnerabilities.matching import match, merge_aliases
from tests.detection.vulnerabilities.osv import advisory, before, index_of, inventory_of


def test_aliases_are_one_vulnerability() -> None:
    """Advisories that share an id or an alias are one finding, whatever their order."""
    records = [
        advisory("CVE-2026-1", *before("2"), aliases=["GHSA-1"]),
        advisory("GHSA-1", *before("2")),
        advisory("PYSEC-2026-1", *before("2"), aliases=["CVE-2026-1"]),
        advisory("PYSEC-2026-9", *before("2")),
    ]
    for order in permutations(records):
        found = match(inventory_of(("left-pad", "1.0")).components, index_of(*order)).matches
        vulnerabilities = {row.vulnerability.advisory_id: row.vulnerability for row in found}
        assert vulnerabilities.keys() == {"PYSEC-2026-1", "PYSEC-2026-9"}
        assert vulnerabilities["PYSEC-2026-1"].aliases == ("CVE-2026-1", "GHSA-1")


def test_an_advisory_in_the_middle_joins_groups() -> None:
    """Two advisories without a common id are one vulnerability if a third names both."""
    records = [advisory("A-1"), advisory("B-1"), advisory("C-1", aliases=["A-1", "B-1"])]
    entries = [*index_of(*records).entries[Package("PyPI", "left-pad")]]
    (merged,) = merge_aliases(entries)
    assert {merged.advisory_id, *merged.aliases} == {"A-1", "B-1", "C-1"}


def test_the_severity_is_that_of_any_alias() -> None:
    """The database that affects the version may be another than the one that rates it."""
    records = [
        advisory("PYSEC-1", *before("2.1"), aliases=["CVE-1"]),
        advisory(
            "GHSA-1", *before("2.0"), aliases=["CVE-1"], database_specific={"severity": "HIGH"}
        ),
    ]
    (found,) = match(inventory_of(("left-pad", "2.0.5")).components, index_of(*records)).matches
    assert found.vulnerability.severity.level == "high"


def test_what_cannot_be_judged_is_listed() -> None:
    """Neither a component without a version nor an unclear advisory is clean without a word."""
    records = [
        advisory("GIT-1", {"introduced": "0"}, kind="GIT"),
        advisory("BAD-1", {"introduced": "0"}, {"fixed": "not-a-version"}),
        advisory("OK-1", *before("2.0")),
    ]
    index = index_of(*records)
    package = Package("PyPI", "left-pad")
    components = [
        Component(package, "left-pad", "1.0", "a:1"),
        Component(package, "left-pad", "1.0", "a:2"),
        Component(package, "left-pad", "custom", "a:3"),
        Component(package, "left-pad", "", "a:4", "it has no version"),
    ]
    result = match(Inventory(components).components, index)
    assert [row.use.places for row in result.matches] == [("a:1", "a:2")]
    listed = {(row.places, row.ids): row.reason for row in result.unjudged}
    assert set(listed) == {
        (("a:4",), ()),
        (("a:1", "a:2"), ("GIT-1",)),
        (("a:1", "a:2"), ("BAD-1",)),
        (("a:3",), ("GIT-1",)),
        (("a:3",), ("BAD-1",)),
        (("a:3",), ("OK-1",)),
    }
    assert index.git_ranges == 1


def test_a_listed_version_is_found_though_it_is_not_valid() -> None:
    """A version outside PEP 440 is affected if the advisory lists it."""
    index = index_of(advisory("X-1", *before("2"), versions=["2004d", "1.0"]))
    found = match(inventory_of(("left-pad", "2004d"), ("left-pad", "2005e")).components, index)
    assert [row.use.version for row in found.matches] == ["2004d"]
    assert [row.version for row in found.unjudged] == ["2005e"]


def test_withdrawn_advisories_and_other_ecosystems_do_not_count() -> None:
    """A withdrawn advisory, and one of the same name elsewhere, affect nothing."""
    index = index_of(
        advisory("W-1", *before("2"), withdrawn="2026-01-02T00:00:00Z"),
        advisory("N-1", *before("2.0.0"), ecosystem="npm"),
    )
    assert match(inventory_of(("left-pad", "1.0")).components, index).matches == []
    found = match(inventory_of(("left-pad", "1.0.0"), ecosystem="npm").components, index)
    assert [row.vulnerability.advisory_id for row in found.matches] == ["N-1"]
