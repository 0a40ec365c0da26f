"""Index of advisories in memory."""

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.advisories.index import build_index
from securenet_obs.detection.vulnerabilities.components import Package, Problem
from tests.detection.vulnerabilities.osv import advisory, before

PACKAGE = Package("PyPI", "left-pad")


def test_records_are_counted_and_dated() -> None:
    """Unreadable records are problems, the latest modification is the date of all."""
    sources = [
        Source("a", advisory("A", *before("2"), modified="2026-02-01T00:00:00Z")),
        Source("b", advisory("B", *before("3"), package="Left_Pad")),
        Source("c", {"no": "id"}),
        Source("d", None, "it is not valid JSON"),
        Source("e", advisory("E", *before("3"), withdrawn="2026-01-01T00:00:00Z")),
    ]
    index = build_index(sources)
    assert (index.records, index.newest) == (3, "2026-02-01T00:00:00Z")
    assert index.problems == [
        Problem("c", "it is not an OSV record: it has no id"),
        Problem("d", "it is not valid JSON"),
    ]
    assert [entry.advisory_id for entry in index.entries_of([PACKAGE])[PACKAGE]] == ["A", "B"]
    assert index.known_versions_of([PACKAGE]) == {PACKAGE: ["2", "3"]}


def test_only_the_packages_in_use_are_kept() -> None:
    """Of a large source a scan of files keeps the entries that it needs."""
    sources = [Source("a", advisory("A", *before("2"))), Source("b", advisory("B", package="b"))]
    index = build_index(sources, {Package("PyPI", "b")})
    assert set(index.entries) == {Package("PyPI", "b")}
