"""Times of log records: ISO 8601 in every form, and Unix times in seconds down to nanoseconds."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Times outside of this span are invalid; within it, a number has one possible unit."""

_FIRST_S, _LAST_S = EARLIEST.timestamp(), LATEST.timestamp()
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
_MAX_LENGTH = 64
_MIN_DIGITS = 9
_COMPACT = re.compile(r"((?:19|20)\d{6})(\d{6}(?:\D.*)?)")
_POWERSHELL = re.compile(r"/Date\((\d+)(?:[+-]\d{4})?\)/")
_ORDINAL = re.compile(r"(\d{4})-?(\d{3})(?=T|$)")
_ZONE = re.compile(r"\s+(?=[+-]\d\d)|\s*(?:UTC|GMT)$")
_LEAP_SECOND = re.compile(r"(:?[0-5]\d:?)60")


def parse_timestamp(value: object) -> datetime | None:
    """Return the time of an event in UTC, truncated to microseconds; None for any other value.

    A text without a zone counts as UTC. A number is seconds, milliseconds, microseconds or
    nanoseconds since 1970, whichever lies between `EARLIEST` and `LATEST`.
    """
    moment = parse_date(value)
    return moment if moment is not None and EARLIEST <= moment < LATEST else None


def parse_date(value: object) -> datetime | None:
    """Return a date in UTC as `parse_timestamp` does, of any time: that of a certificate's end."""
    try:
        if value.__class__ is str:
            return _from_text(value)
        return _from_number(value)
    except (ValueError, OverflowError, OSError):
        return None


def _from_number(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    for unit in _UNITS:
        if _FIRST_S * unit <= value < _LAST_S * unit:
            # Division of integers first, since a float has too few digits for nanoseconds.
            seconds, part = divmod(value, unit)
            return datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=part / unit)
    return datetime.fromtimestamp(value, UTC)


def _from_text(text: str) -> datetime:
    # `fromisoformat` takes some Unix times for dates of other centuries: 1510101112131 for one.
    if text[:_MIN_DIGITS].isdigit() and text.isascii():
        return _from_digits(text.strip())
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _from_other_text(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _from_digits(text: str) -> datetime:
    """Parse a Unix time, or a compact form such as 20211019025747."""
    if len(text) > _MAX_LENGTH:
        raise ValueError
    if compact := _COMPACT.fullmatch(text):
        with suppress(ValueError):
            return _from_text(f"{compact[1]}T{compact[2]}")
    return _from_number(float(text) if "." in text else int(text))


def _from_other_text(text: str) -> datetime:
    if len(text) > _MAX_LENGTH or not text.isascii():
        raise ValueError
    if powershell := _POWERSHELL.fullmatch(text):
        return _from_number(int(powershell[1]))
    return _from_unusual_iso(text.upper())


def _from_unusual_iso(text: str) -> datetime:
    """Parse forms that `fromisoformat` does not: spaced and named zones, day of year, second 60."""
    plain = _ZONE.sub("", text)
    if ordinal := _ORDINAL.match(plain):
        first = datetime(int(ordinal[1]), 1, 1) + timedelta(days=int(ordinal[2]) - 1)
        plain = f"{first:%Y-%m-%d}{plain[ordinal.end() :]}"
    leap = _LEAP_SECOND.search(plain, 10)
    if leap:
        plain = f"{plain[: leap.end() - 2]}59{plain[leap.end() :]}"
    moment = datetime.fromisoformat(plain)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment + timedelta(seconds=1) if leap else moment
