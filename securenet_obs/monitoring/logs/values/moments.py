"""Formats dates, times and UUIDs as text, also those of subclasses and with foreign time zones."""

from datetime import date, datetime, time
from typing import TypeAlias
from uuid import UUID

from securenet_obs.monitoring.foreign_objects import plain_text

Moment: TypeAlias = date | time | UUID

MOMENTS = (date, time, UUID)
"""The classes of values that this module formats; `datetime` is a subclass of `date`."""


def format_moment(value: Moment) -> str:
    """Return a date or time as in ISO 8601, or a UUID; UTC is `Z`, also for a naive datetime.

    orjson is not used: it refuses times with a zone and subclasses, and a zone that raises makes
    it end the process. A zone that raises is left out.

    Raises:
        Exception: any, since a subclass is foreign code.
    """
    if isinstance(value, UUID):
        return UUID.__str__(value)
    try:
        text = plain_text(value.isoformat())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 a subclass or a zone is foreign code
        return _without_zone(value)
    if text.endswith("+00:00"):
        return text.removesuffix("+00:00") + "Z"
    naive = isinstance(value, datetime) and datetime.tzinfo.__get__(value) is None
    return f"{text}Z" if naive else text


def _without_zone(value: date | time) -> str:
    if isinstance(value, datetime):
        return datetime.combine(datetime.date(value), datetime.time(value)).isoformat()
    if isinstance(value, time):
        return time.replace(value, tzinfo=None).isoformat()
    return date.isoformat(value)
