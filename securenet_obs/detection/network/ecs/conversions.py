"""Conversion of source values to the types of ECS fields.

Each function returns None for a value that the field cannot hold: that value is kept under its own
name. `RecordError` is for byte counts that are given and impossible.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from securenet_obs.detection.network.ecs.flows import canonical_address, transport_of
from securenet_obs.detection.network.ecs.times import parse_date, parse_timestamp
from securenet_obs.errors import RecordError

MAX_COUNT = 2**53
"""Byte counts from here on are impossible: JSON's numbers are not exact, and no flow is so long."""

IMPOSSIBLE_COUNT = "invalid byte count"

_MAX_LONG = 2**63
_MAX_DIGITS = 17
_NANOSECONDS = 1_000_000_000
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}")

Conversion = Callable[[Any], Any]


def _to_keyword(value: Any) -> str | None:
    if value.__class__ is str:
        return value
    if value.__class__ is list and len(value) == 1:
        return _to_keyword(value[0])
    if value.__class__ is bool:
        return "true" if value else "false"
    return str(value) if value.__class__ is int else None


def _to_keywords(value: Any) -> list[str] | None:
    items = value if value.__class__ is list else [value]
    texts = [text for text in map(_to_keyword, items) if text is not None]
    return texts if texts and len(texts) == len(items) else None


def _to_lower(value: Any) -> str | None:
    text = _to_keyword(value)
    return text.lower() if text is not None else None


def _to_long(value: Any) -> int | None:
    number = _to_number(value)
    if number is None or number != number or number in {float("inf"), float("-inf")}:
        return None
    return int(number) if number == int(number) and -_MAX_LONG <= number < _MAX_LONG else None


def _to_number(value: Any) -> int | float | None:
    if value.__class__ is int or value.__class__ is float:
        return value
    if value.__class__ is str and value.isascii() and value.isdigit():
        return int(value[:_MAX_DIGITS])
    return None


def _to_port(value: Any) -> int | None:
    if value.__class__ is not int:
        value = _to_long(value) if value.__class__ is str else None
    return value if value is not None and 0 <= value <= 65_535 else None


def _to_bytes(value: Any) -> int | None:
    """Return a count of bytes; raise for a number that no count can be."""
    if value.__class__ is int and 0 <= value < MAX_COUNT:
        return value
    number = _to_number(value)
    if number is None:
        return None
    if not 0 <= number < MAX_COUNT or number != int(number):
        raise RecordError(IMPOSSIBLE_COUNT)
    return int(number)


def _to_nanoseconds(value: Any) -> int | None:
    if value.__class__ is str:
        try:
            value = float(value[:_MAX_DIGITS])
        except ValueError:
            return None
    if value.__class__ is not float and value.__class__ is not int:
        return None
    return round(value * _NANOSECONDS) if 0 <= value < MAX_COUNT // _NANOSECONDS else None


def _to_ip(value: Any) -> str | None:
    if value.__class__ is list and len(value) == 1:
        value = value[0]
    return canonical_address(value) if value.__class__ is str else None


def _to_ips(value: Any) -> list[str] | None:
    items = value if value.__class__ is list else [value]
    addresses = [address for address in map(_to_ip, items) if address is not None]
    return addresses if addresses and len(addresses) == len(items) else None


def _to_mac(value: Any) -> str | None:
    """Return a MAC address in the form of RFC 7042, as ECS wants it: `00-00-5E-00-53-23`."""
    known = value.__class__ is str and _MAC.fullmatch(value)
    return value.upper().replace(":", "-") if known else None


def _to_transport(value: Any) -> str | None:
    text = _to_keyword(value)
    return transport_of(text) if text is not None else None


def _to_boolean(value: Any) -> bool | None:
    if value.__class__ is bool:
        return value
    return {"true": True, "false": False}.get(value.lower()) if value.__class__ is str else None


CONVERSIONS: Final[dict[str, Conversion]] = {
    "timestamp": parse_timestamp,
    "date": parse_date,
    "seconds": _to_nanoseconds,
    "ip": _to_ip,
    "ips": _to_ips,
    "port": _to_port,
    "bytes": _to_bytes,
    "mac": _to_mac,
    "transport": _to_transport,
    "lower": _to_lower,
    "boolean": _to_boolean,
    "long": _to_long,
    "keyword": _to_keyword,
    "keywords": _to_keywords,
}
"""Name of a type in the mapping -> its conversion."""
