"""Envelopes around records: arrays, CloudTrail's `Records`, docker's lines, embedded events."""

from typing import Any

import orjson

from securenet_obs.detection.network.ecs.mapping import TIMES

WRAPPERS = frozenset({"log", "Records", "CloudTrailEvent"})
"""Names of which an object that is an envelope has one."""

_DOCKER_TIME = "time"


def unwrap(value: object) -> list[Any]:
    """Return the items that a value holds: itself, or those of its envelope, in order."""
    if isinstance(value, dict) and "Records" in value and isinstance(value["Records"], list):
        value = value["Records"]
    if isinstance(value, list):
        return [_unwrapped(item) if isinstance(item, dict) else item for item in value]
    return [_unwrapped(value)] if isinstance(value, dict) else [value]


def is_wrapped(value: dict[str, Any]) -> bool:
    """Return whether an object may be an envelope."""
    return not WRAPPERS.isdisjoint(value)


def _unwrapped(item: dict[str, Any]) -> dict[str, Any]:
    """Return the record inside of docker's wrapping or an embedded event, else the item itself."""
    if "log" in item and "stream" in item and (inner := _parsed(item["log"])) is not None:
        return inner if any(name in inner for name in TIMES) else {**inner, **_docker_time(item)}
    if "CloudTrailEvent" in item:
        return _parsed(item["CloudTrailEvent"]) or item
    return item


def _docker_time(item: dict[str, Any]) -> dict[str, Any]:
    return {_DOCKER_TIME: item[_DOCKER_TIME]} if _DOCKER_TIME in item else {}


def _parsed(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
