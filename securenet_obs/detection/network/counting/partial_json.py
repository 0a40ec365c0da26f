"""Partial results as JSON values and back: equal content has equal bytes."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from securenet_obs.detection.network.counting.minutes import COUNTS, Minute
from securenet_obs.detection.network.counting.partials import SUMS, TABLES, Partial
from securenet_obs.detection.network.counting.places import Places
from securenet_obs.detection.network.counting.sketches import DistinctCount, SampledCounts
from securenet_obs.detection.network.quarantine import Quarantined


def as_json(partial: Partial) -> dict[str, Any]:
    """Return a partial result as JSON values; equal content has equal values in equal order."""
    return {
        **{name: getattr(partial, name) for name in SUMS},
        **{name: _time_as_json(getattr(partial, name)) for name in ("first", "last")},
        **{name: _table_as_json(getattr(partial, name)) for name in TABLES},
        "items": [list(item) for item in partial.items],
        "places": partial.places.as_json(),
        "total": _minute_as_json(partial.total),
        "minutes": {
            moment.isoformat(): _minute_as_json(minute)
            for moment, minute in sorted(partial.minutes.items())
        },
    }


def from_json(value: Mapping[str, Any]) -> Partial:
    """Return a partial result from its JSON values."""
    partial = Partial(
        **{name: value[name] for name in SUMS},
        first=_time_from_json(value["first"]),
        last=_time_from_json(value["last"]),
        items=[Quarantined(*item) for item in value["items"]],
        places=Places.from_json(value["places"]) if "places" in value else Places(),
        total=_minute_from_json(value["total"]),
        minutes={
            datetime.fromisoformat(moment): _minute_from_json(minute)
            for moment, minute in value["minutes"].items()
        },
    )
    for name in TABLES:
        getattr(partial, name).merge_rows(value[name]["rows"], value[name]["is_sample"])
    return partial


def _time_as_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time_from_json(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _table_as_json(table: SampledCounts) -> dict[str, Any]:
    return {"rows": [list(row) for row in table.rows()], "is_sample": table.is_sample}


def _minute_as_json(minute: Minute) -> list[Any]:
    return [*minute.counts().values(), b64encode(minute.peers.to_bytes()).decode()]


def _minute_from_json(value: list[Any]) -> Minute:
    *counts, peers = value
    named = dict(zip(COUNTS, counts, strict=True))
    return Minute(**named, peers=DistinctCount(b64decode(peers)))
