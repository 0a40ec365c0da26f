"""Entries are ordered by their times, and exported as texts."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.oncall.timeline.entry import (
    COLUMNS,
    SHOWN,
    Entry,
    export_entries,
    order,
    show_entries,
)

ENTRIES = st.builds(
    Entry,
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["log", "store", "result", "Sentry"]),
    st.just("api"),
    st.just("event"),
)


@given(st.lists(ENTRIES))
def test_the_order_is_that_of_the_times(entries: list[Entry]) -> None:
    """It keeps every entry, and does not depend on the order of the sources."""
    ordered = order(entries)
    assert [entry.at for entry in ordered] == sorted(entry.at for entry in entries)
    assert order(reversed(entries)) == ordered


def test_an_exported_time_is_that_of_a_log_line() -> None:
    """Microseconds and a Z; every shown field is exported."""
    entry = Entry(datetime(2026, 11, 27, 10, tzinfo=UTC), "log", "api", "x", has_failed=True)
    (exported,) = export_entries([entry])
    assert exported["at"] == "2026-11-27T10:00:00.000000Z"
    assert tuple(exported) == COLUMNS


def test_a_table_is_narrow() -> None:
    """It fits a page; an absent id takes no place."""
    at = datetime(2026, 11, 27, 10, 0, 0, 123456, UTC)
    entry = Entry(at, "log", "api", "x", "GET /", "request-1", "t-1", "e-1", "status 500")
    bare = Entry(at, "store", "", "accepted")
    cells = show_entries(export_entries([entry, bare]))
    assert {len(row) for row in cells} == {len(SHOWN)}
    at_ten, ids = "2026-11-27 10:00:00.123", "task t-1, event e-1"
    assert cells == [
        [at_ten, "log of api", "x at GET /", ids, "status 500"],
        [at_ten, "store", "accepted", "", ""],
    ]
