"""Times of values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from securenet_obs.detection.anomaly.moments import parse_moment

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01 12:00:00", "2026-01-01T12:00:00Z", " 2026-01-01T13:00:00+01:00",
        "1767268800", 1767268800, 1767268800.0, NOON, NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=-5))),
    ],
)  # fmt: skip
def test_every_spelling_is_a_time_in_utc(value: object) -> None:
    """A time without a zone counts as UTC."""
    assert parse_moment(value) == NOON
    assert parse_moment(value).tzinfo is UTC


def test_a_date_without_hyphens_is_not_seconds() -> None:
    """Eight digits are a date in ISO 8601."""
    assert parse_moment("20260101") == NOON.replace(hour=0)


@pytest.mark.parametrize("value", ["", "noon", None, True, [], "nan", float("nan"), 1e300])
def test_another_value_is_refused(value: object) -> None:
    """The message has the value and the supported forms."""
    with pytest.raises(ValueError, match="is not a time: use ISO 8601"):
        parse_moment(value)
