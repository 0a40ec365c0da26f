"""Text of dates, times and UUIDs."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID

import pytest

from securenet_obs.monitoring.logs.values.moments import format_moment


class Broken(tzinfo):
    """A zone that raises."""

    def utcoffset(self, _: object) -> Any:
        """Raise."""
        raise RuntimeError

    dst = tzname = utcoffset


class Moment(datetime):
    """A subclass with an `isoformat` that raises."""

    def isoformat(self, *_: Any, **__: Any) -> str:
        """Raise."""
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 6), "2026-01-02T03:04:05.000006Z"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T00:00:00+02:00"),
        (datetime(2026, 1, 2, tzinfo=Broken()), "2026-01-02T00:00:00"),
        (Moment(2026, 1, 2), "2026-01-02T00:00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(12, 30), "12:30:00"),
        (time(12, 30, tzinfo=UTC), "12:30:00Z"),
        (time(12, 30, tzinfo=Broken()), "12:30:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    ],
    ids=range(10),
)
def test_a_moment_is_formatted(value: Any, text: str) -> None:
    """UTC is `Z`, a naive datetime counts as UTC, and a zone that raises is left out."""
    assert format_moment(value) == text
