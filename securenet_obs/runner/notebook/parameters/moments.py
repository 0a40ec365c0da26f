"""Resolves `-1h`, `yesterday` and dates to times, relative to one moment; times are in UTC."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_OFFSET = re.compile(r"([+-])((?:\d+[smhdw])+)")
_DATE_OFFSET = re.compile(r"([+-])((?:\d+[dw])+)")
_PART = re.compile(r"(\d+)([smhdw])")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")

MIN_UNIX_TIME = 1_000_000_000
"""The smallest number that is taken for Unix seconds: 2001-09-09. `20261125` is a mistyped date."""

FORMS: dict[Any, str] = {
    datetime: "now, today, yesterday, tomorrow, -1h30m (s, m, h, d, w), 2026-11-25",
    date: "today, yesterday, tomorrow, -7d (d, w)",
}
"""Accepted forms of a time and a date besides ISO 8601, for messages."""


def context(now: datetime, default: Any) -> dict[str, Any]:
    """Return the context of a validation: the moment, and whether the default has no time zone."""
    naive = isinstance(default, datetime) and default.tzinfo is None
    return {"now": now.replace(tzinfo=None) if naive else now, "naive": naive}


def _offset(sign: str, text: str) -> timedelta:
    """Return the duration of a text such as `1h30m`.

    Raises:
        ValueError: it is too long.
    """
    try:
        total = sum(
            (timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)),
            timedelta(),
        )
    except OverflowError as error:
        raise ValueError("out of range") from error
    return -total if sign == "-" else total


def _later(moment: datetime, offset: timedelta) -> datetime:
    try:
        return moment + offset
    except OverflowError as error:
        raise ValueError("out of range") from error


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _time(value: Any, info: ValidationInfo) -> Any:
    """Return the ISO text of a relative time; any other value as it is.

    Raises:
        ValueError: the time is out of range, or a number is too small for Unix seconds.
    """
    if not isinstance(info.context, Mapping):
        return value
    # A list in JSON has numbers.
    text = str(value).strip()
    if _NUMBER.fullmatch(text) and abs(float(text)) < MIN_UNIX_TIME:
        raise ValueError(f"a number is Unix time in seconds, from {MIN_UNIX_TIME} on")
    return _relative_time(text, info.context["now"]) or _extended(text) or value


def _extended(text: str) -> str:
    """Return an ISO time in the extended form, which pydantic reads; empty if it is none.

    The basic form and hours alone are ISO 8601 as well: `20261125T120000Z`, `2026-11-25T12Z`.
    """
    with suppress(ValueError):
        return datetime.fromisoformat(text).isoformat()
    return ""


def _relative_time(text: str, now: datetime) -> str:
    """Return the ISO text of a relative time; empty if it is none.

    Names are in any case, units are not: `-1M` is a month elsewhere, and would be a minute here.

    Raises:
        ValueError: the time is out of range.
    """
    word = text.lower()
    if word == "now":
        return now.isoformat()
    if word in _DAYS:
        return _later(_midnight(now), timedelta(days=_DAYS[word])).isoformat()
    if found := _OFFSET.fullmatch(text):
        return _later(now, _offset(*found.groups())).isoformat()
    return ""


def _date(value: Any, info: ValidationInfo) -> Any:
    """Return the ISO text of a relative date; any other value as it is.

    Raises:
        ValueError: the date is out of range.
    """
    if not isinstance(value, str) or not isinstance(info.context, Mapping):
        return value
    now, text = info.context["now"], value.strip()
    if text.lower() in _DAYS:
        return _later(now, timedelta(days=_DAYS[text.lower()])).date().isoformat()
    if found := _DATE_OFFSET.fullmatch(text):
        return _later(now, _offset(*found.groups())).date().isoformat()
    return value


def _zoned(value: datetime, info: ValidationInfo) -> datetime:
    """Return a given time in UTC if it has no zone; without its zone if the default has none.

    A notebook compares its parameter with times of the kind of its default: Python compares no time
    with a zone with one without.

    Raises:
        ValueError: the time is out of range in UTC.
    """
    if not isinstance(info.context, Mapping) or info.context["naive"] is (value.tzinfo is None):
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise ValueError("out of range") from error


TIME = Annotated[datetime, BeforeValidator(_time), AfterValidator(_zoned)]
"""The type of a parameter that is a `datetime`."""

DAY = Annotated[date, BeforeValidator(_date)]
"""The type of a parameter that is a `date`."""
