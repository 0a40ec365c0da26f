"""Synchronisation of the stored advisories."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Package
from securenet_obs.detection.vulnerabilities.stored.advisories import (
    Changes,
    StoredIndex,
    last_sync,
    sync_advisories,
)
from securenet_obs.errors import AdvisoriesError
from securenet_obs.store import AdvisoryEntry, session_scope
from tests.detection.vulnerabilities.osv import advisory, before

pytestmark = pytest.mark.usefixtures("empty_store")

PACKAGE = Package("PyPI", "left-pad")


def sync(*records: dict[str, Any], source: str = "test", **options: Any) -> Changes:
    """Synchronise with these records."""
    return sync_advisories(source, [Source(str(row["id"]), row) for row in records], **options)


def stored() -> dict[str, tuple[int, int]]:
    """Return the stored advisories with the numbers of their synchronisations."""
    with session_scope() as session:
        rows = session.scalars(select(AdvisoryEntry))
        return {row.advisory_id: (row.added_in, row.changed_in) for row in rows}


def test_only_differences_are_written() -> None:
    """Added, changed and removed entries are counted and numbered; withdrawn ones are removed."""
    first = [advisory(name, *before("2")) for name in ("A", "B", "C", "D")]
    assert sync(*first).summary()["added"] == 4
    second = [
        first[0],
        advisory("B", *before("3")),
        advisory("C", *before("2"), withdrawn="2026-01-01T00:00:00Z"),
        advisory("E", *before("2")),
    ]
    summary = sync(*second).summary()
    names = ("records", "entries", "added", "changed", "removed")
    assert [summary[name] for name in names] == [4, 3, 1, 1, 2]
    assert stored() == {"A": (1, 1), "B": (1, 2), "E": (2, 2)}
    assert sync(*second).rows == []


def test_sources_do_not_remove_each_others_entries() -> None:
    """A source owns what it brought; a part of a source is that of its packages."""
    sync(advisory("A", *before("2")), source="one")
    sync(advisory("B", *before("2"), package="b"), source="two")
    sync(advisory("C", *before("2"), package="c"), source="two", packages={Package("PyPI", "c")})
    assert set(stored()) == {"A", "B", "C"}
    sync(source="two", packages={Package("PyPI", "b")})
    assert set(stored()) == {"A", "C"}


def test_a_source_without_records_changes_nothing() -> None:
    """An unreadable source does not remove every advisory."""
    sync(advisory("A", *before("2")))
    with pytest.raises(AdvisoriesError, match="no records"):
        sync_advisories("test", [Source("a", None, "it is not valid JSON")])
    assert set(stored()) == {"A"}


def test_old_advisories_are_refused() -> None:
    """The age is that of the latest modification; without a limit any is accepted."""
    moment = datetime.now(UTC) - timedelta(days=10)
    record = advisory("A", *before("2"), modified=f"{moment:%FT%TZ}")
    with pytest.raises(AdvisoriesError, match=f"test is of {moment:%Y-%m-%d}, older than 9 days"):
        sync(record, max_age=timedelta(days=9))
    assert stored() == {}
    sync(record, max_age=timedelta(days=11))
    with session_scope() as session:
        last = last_sync(session)
        assert last is not None
        assert last.as_of == moment.replace(microsecond=0)


def test_the_index_is_that_of_the_records() -> None:
    """Entries and known versions of the packages asked for are read."""
    sync(
        advisory("A", *before("2"), versions=["1.0", "1.1"]),
        advisory("B", *before("3"), package="b"),
        advisory("N", *before("2.0.0"), ecosystem="npm"),
    )
    with session_scope() as session:
        index = StoredIndex(session)
        asked = [PACKAGE, Package("PyPI", "unknown"), Package("npm", "left-pad")]
        entries = index.entries_of(asked)
        assert {entry.advisory_id for found in entries.values() for entry in found} == {"A", "N"}
        assert index.known_versions_of([PACKAGE]) == {PACKAGE: ["1.0", "1.1", "2"]}
        assert index.numbers_of(entries[PACKAGE][0]) == (index.sync_number, 1)


def test_an_entry_that_cannot_be_stored_is_a_problem() -> None:
    """A name that is too long, or has a zero byte, does not stop the others."""
    changes = sync(
        advisory("A", *before("2"), package="x" * 500),
        advisory("B\0", *before("2")),
        advisory("C", *before("2")),
    )
    assert [problem.place for problem in changes.problems] == ["A", "B\0"]
    assert set(stored()) == {"C"}
