"""Times of values: ISO 8601 in any zone, or seconds since 1970, as datetimes in UTC."""

import math
from datetime import UTC, datetime


def parse_moment(value: object) -> datetime:
    """Return a time in UTC; one without a zone counts as UTC.

    Raises:
        ValueError: the value is neither ISO 8601 nor seconds since 1970.
    """
    try:
        return _moment(value)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(
            f"{value!r} is not a time: use ISO 8601, or seconds since 1970 with nine digits or more"
        ) from error


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, str) and not _is_number(value):
        return _in_utc(datetime.fromisoformat(value.strip()))
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(float(value), UTC)
    raise ValueError


def _is_number(text: str) -> bool:
    # "20140401" is a date in ISO 8601 and a number; seconds of this century have ten digits.
    try:
        return math.isfinite(float(text)) and len(text.strip().split(".")[0]) > len("20140401")
    except ValueError:
        return False


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
