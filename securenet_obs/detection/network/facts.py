"""Facts that metrics count, for many records of one shape at once or for one by one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat
from operator import add
from typing import Any

from securenet_obs.detection.network.columns import Columns, map_columns
from securenet_obs.detection.network.ecs.plans import Mapper
from securenet_obs.detection.network.minutes import SEVERITIES, bytes_of, fact_of
from securenet_obs.detection.network.records import Record


class FactCounts:
    """Records with equal facts, counted together.

    Attributes:
        groups: fact -> records, bytes sent, received, and both.
        first: time of the earliest record.
        last: time of the latest record.
    """

    def __init__(self) -> None:
        self.groups: dict[tuple[Any, ...], list[int]] = {}
        self.first: datetime | None = None
        self.last: datetime | None = None

    def add(self, record: Record) -> None:
        """Add one record."""
        self._add([fact_of(record)], [bytes_of(record)])
        if (moment := record.timestamp) is not None:
            self._extend([moment])

    def add_all(self, mapper: Mapper, items: list[dict[str, Any]]) -> None:
        """Add records with equal names and one log type.

        Raises:
            NotUniformError: nothing was added; they must be added one by one.
        """
        found, count = map_columns(mapper, items), len(items)
        moments = found.columns["@timestamp"]
        facts = zip(
            [int(seconds) // 60 for seconds in map(datetime.timestamp, moments)],
            found.get("source.ip", count),
            found.get("destination.ip", count),
            _alerts(found, count),
            ["denied" in kinds for kinds in found.get("event.type", count)],
            _dns_failures(found, count),
            repeat(mapper.log_type.name),
            strict=False,
        )
        self._add(facts, _bytes(found, count, mapper.log_type.is_snapshot))
        self._extend(moments)

    def _add(
        self, facts: Iterable[tuple[Any, ...]], amounts: Iterable[tuple[int, int, int]]
    ) -> None:
        get = self.groups.get
        for fact, (sent, received, octets) in zip(facts, amounts, strict=False):
            group = get(fact)
            if group is None:
                self.groups[fact] = [1, sent, received, octets]
            else:
                group[0] += 1
                if octets:
                    group[1] += sent
                    group[2] += received
                    group[3] += octets

    def _extend(self, moments: Sequence[datetime]) -> None:
        self.first = min(moments) if self.first is None else min(self.first, min(moments))
        self.last = max(moments) if self.last is None else max(self.last, max(moments))


def _alerts(found: Columns, count: int) -> Sequence[str]:
    kinds = found.get("event.kind", count)
    if "alert" not in kinds:
        return [""] * count
    severities = found.get("event.severity", count)
    return [
        SEVERITIES.get(severity or 0, "alerts_other") if kind == "alert" else ""
        for kind, severity in zip(kinds, severities, strict=True)
    ]


def _dns_failures(found: Columns, count: int) -> Sequence[bool]:
    codes = found.columns.get("dns.response_code")
    return [False] * count if codes is None else [code != "NOERROR" for code in codes]


def _bytes(found: Columns, count: int, is_snapshot: bool) -> Iterable[tuple[int, int, int]]:
    zeros = [0] * count
    if is_snapshot:
        return zip(zeros, zeros, zeros, strict=True)
    sent = found.columns.get("source.bytes", zeros)
    received = found.columns.get("destination.bytes", zeros)
    octets = found.columns.get("network.bytes") or list(map(add, sent, received))
    if 0 in octets:
        given = zip(sent, received, octets, strict=True)
        return [(s, r, o) if o else (0, 0, 0) for s, r, o in given]
    return zip(sent, received, octets, strict=True)
