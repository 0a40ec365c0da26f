"""Assignments of a resumed run have the times of the first run."""

from datetime import UTC, date, datetime

from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.resolved import resolved_assignments


def test_only_times_and_dates_are_spelled_anew() -> None:
    """Texts of other types stay as they were given."""
    values = {
        "since": datetime(2026, 11, 27, 11, tzinfo=UTC),
        "days": [date(2026, 11, 26)],
        "note": "-1h",
        "n": 7,
    }
    given = [" since =-1h", 'days=["yesterday"]', "note=-1h", "n=07"]
    resolved = resolved_assignments(given, values)
    assert resolved == (
        "since=2026-11-27T11:00:00+00:00",
        'days=["2026-11-26"]',
        "note=-1h",
        "n=07",
    )
    schema = read_schema("since: datetime\ndays: list[date]\nnote: str\nn: int")
    assert schema.parse(resolved) == values
