"""Parses one written time, as in RFC 3339 or as other loggers write; describes its spelling."""

import re
from datetime import date
from typing import NamedTuple

from securenet_obs.probes.logs.fields.epochs import parse_epoch_text
from securenet_obs.probes.logs.fields.instants import FIRST_SECOND, LAST_SECOND

_NOT_A_TIME = "not a timestamp"
_NO_ZONE = "no time zone"
_LEAP_SECOND = "a leap second"
_OTHER = "not in SecureNet's spelling"

SPELLING = re.compile(
    r"(?P<year>\d{4})(?P<dash>[-/]?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"[Tt ](?P<hour>\d\d)(?P<colon>:?)(?P<minute>\d\d)"
    r"(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<zone>Z|z|UTC|GMT|(?P<sign>[+-])(?P<zone_hour>\d\d)(?::?(?P<zone_minute>\d\d))?)?"
    # Go appends the name of the zone and its monotonic clock, Java the region.
    r"(?:(?<=\d) [A-Z]{3,5})?(?: m=[+-]\d+\.\d+)?(?:\[[\w/+-]+\])?",
    re.ASCII,
)
"""A time of ISO 8601, with a comma, spaces or without separators, and with any kind of zone."""

_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_WITH_Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAMED_MONTH = re.compile(
    rf"\A(?:[A-Z][a-z]{{2}}, )?(?P<day>\d\d)(?P<dash>[/ -])(?P<month>{'|'.join(_MONTHS)})(?P=dash)"
    r"(?P<year>\d{4})[: ](?P<rest>\d\d:\d\d:\d\d.*)",
    re.ASCII,
)
"""A time of an access log, 26/Nov/2026:11:45:57 +0000, or of an HTTP header."""


class ParsedTime(NamedTuple):
    """A time as seconds and nanoseconds since 1970, if it is known, and the spelling's problem."""

    instant: tuple[int, int] | None
    problem: str | None


def parse_time(text: str) -> ParsedTime:
    """Parse a time with a zone, or a number since 1970; a time without a zone is ambiguous.

    A leap second is the first second after it, as in Unix time.
    """
    spelling = SPELLING.fullmatch(_NAMED_MONTH.sub(_number_month, text))
    if spelling is None:
        instant = parse_epoch_text(text)
        return ParsedTime(instant, _NOT_A_TIME if instant is None else _OTHER)
    seconds = _count_seconds(spelling)
    if seconds is None:
        return ParsedTime(None, _NOT_A_TIME)
    if spelling["zone"] is None:
        return ParsedTime(None, _NO_ZONE)
    nanoseconds = int((spelling["fraction"] or "")[:9].ljust(9, "0"))
    problem = _LEAP_SECOND if spelling["second"] == "60" else describe_spelling(spelling)
    return ParsedTime((seconds, nanoseconds), problem)


def describe_spelling(spelling: re.Match[str]) -> str | None:
    """Return the problem of a time's spelling; None if SecureNet writes times like this."""
    text = spelling[0]
    if _AS_WRITTEN.fullmatch(text):
        return None
    if _WITH_Z.fullmatch(text):
        return "no microseconds"
    return "an offset instead of Z" if spelling["sign"] else _OTHER


def _number_month(named: re.Match[str]) -> str:
    month = _MONTHS.index(named["month"]) + 1
    return f"{named['year']}-{month:02}-{named['day']} {named['rest']}"


def _count_seconds(spelling: re.Match[str]) -> int | None:
    try:
        day = date(*(int(spelling[name]) for name in ("year", "month", "day")))
    except ValueError:
        return None
    hour, minute, second, zone_hour, zone_minute = (
        int(spelling[name] or 0)
        for name in ("hour", "minute", "second", "zone_hour", "zone_minute")
    )
    if hour > 23 or minute > 59 or second > 60 or zone_hour > 23 or zone_minute > 59:
        return None
    offset = (zone_hour * 3600 + zone_minute * 60) * (-1 if spelling["sign"] == "-" else 1)
    days = day.toordinal() - date(1970, 1, 1).toordinal()
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        return None
    return None if second == 60 and not _begins_month(seconds) else seconds


def _begins_month(seconds: int) -> bool:
    days, rest = divmod(seconds, 86400)
    return not rest and date.fromordinal(days + date(1970, 1, 1).toordinal()).day == 1
