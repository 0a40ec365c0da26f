"""Facts that metrics count, for many records of one shape at once or for one by one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat
from operator import add
from typing import Any

from securenet_obs.detection.network.counting.columns import Columns, map_columns
from securenet_obs.detection.network.counting.minutes import SEVERITIES, bytes_of, fact_of
from securenet_obs.detection.network.ecs.plans import Mapper
from securenet_obs.detection.network.records import Record

_Fact = tuple[Any, ...]
_Amounts = Sequence[int]


class FactCounts:
    """Counts of records, before they are added to a partial result.

    Attributes:
        groups: fact -> records, bytes sent, received, and both.
        events: address -> records with it.
        sent: address -> bytes that it has sent.
        peers: minute -> the addresses in it.
        first: time of the earliest record.
        last: time of the latest record.
    """

    def __init__(self) -> None:
        self.groups: dict[_Fact, list[int]] = {}
        self.events: Counter[str] = Counter()
        self.sent: defaultdict[str, int] = defaultdict(int)
        self.peers: defaultdict[int | None, set[str]] = defaultdict(set)
        self.first: datetime | None = None
        self.last: datetime | None = None

    @property
    def size(self) -> int:
        """Number of groups and peers, which bounds the memory."""
        return len(self.groups) + sum(map(len, self.peers.values()))

    def add(self, record: Record) -> None:
        """Add one record."""
        fact, amounts = fact_of(record), bytes_of(record)
        self._add_fact(fact, 1, *amounts)
        for name, octets in (("source.ip", amounts[0]), ("destination.ip", amounts[1])):
            if (address := record.fields.get(name)) is not None:
                self._add_addresses([fact.minute], [address], [octets])
        if (moment := record.timestamp) is not None:
            self._extend(moment, moment)

    def add_all(self, mapper: Mapper, items: list[dict[str, Any]]) -> None:
        """Add records with equal names and one log type.

        Raises:
            NotUniformError: nothing was added; they must be added one by one.
        """
        found, count = map_columns(mapper, items), len(items)
        assert found.moments is not None
        minutes = found.moments.minutes
        alerts, denied = _alerts(found, count), _denied(found, count)
        log_type = repeat(mapper.log_type.name, count)
        facts = zip(minutes, alerts, denied, _dns_failures(found, count), log_type, strict=True)
        sent, received, octets = _bytes(found, count, mapper.log_type.is_snapshot)
        self._add_facts(list(facts), sent, received, octets)
        for name, amounts in (("source.ip", sent), ("destination.ip", received)):
            if name in found.columns:
                self._add_addresses(minutes, found.columns[name], amounts)
        self._extend(found.moments.first, found.moments.last)

    def _add_facts(
        self, facts: list[_Fact], sent: _Amounts, received: _Amounts, octets: _Amounts
    ) -> None:
        if facts.count(facts[0]) == len(facts):
            self._add_fact(facts[0], len(facts), sum(sent), sum(received), sum(octets))
            return
        for fact, *amounts in zip(facts, sent, received, octets, strict=True):
            self._add_fact(fact, 1, *amounts)

    def _add_fact(self, fact: _Fact, records: int, sent: int, received: int, octets: int) -> None:
        group = self.groups.get(fact)
        if group is None:
            self.groups[fact] = [records, sent, received, octets]
        else:
            group[0] += records
            group[1] += sent
            group[2] += received
            group[3] += octets

    def _add_addresses(
        self, minutes: Sequence[int | None], addresses: Sequence[str], amounts: _Amounts
    ) -> None:
        self.events.update(addresses)
        if minutes[0] == minutes[-1] and minutes.count(minutes[0]) == len(minutes):
            self.peers[minutes[0]].update(addresses)
        else:
            for minute, address in set(zip(minutes, addresses, strict=True)):
                self.peers[minute].add(address)
        sent = self.sent
        for address, octets in zip(addresses, amounts, strict=True):
            sent[address] += octets

    def _extend(self, first: datetime, last: datetime) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)


def _alerts(found: Columns, count: int) -> Iterable[str]:
    kinds = found.columns.get("event.kind")
    if kinds is None and found.constants.get("event.kind") != "alert":
        return repeat("", count)
    severities = found.get("event.severity", count)
    return [
        SEVERITIES.get(severity or 0, "alerts_other") if kind == "alert" else ""
        for kind, severity in zip(found.get("event.kind", count), severities, strict=True)
    ]


def _denied(found: Columns, count: int) -> Iterable[bool]:
    if "event.type" not in found.columns:
        return repeat("denied" in found.constants.get("event.type", ()), count)
    return ["denied" in (kinds or ()) for kinds in found.columns["event.type"]]


def _dns_failures(found: Columns, count: int) -> Iterable[bool]:
    codes = found.columns.get("dns.response_code")
    return repeat(False, count) if codes is None else [code != "NOERROR" for code in codes]


def _bytes(found: Columns, count: int, is_snapshot: bool) -> tuple[_Amounts, _Amounts, _Amounts]:
    """Return the bytes sent, received and both of each record; 0 where both are 0."""
    zeros = [0] * count
    if is_snapshot:
        return zeros, zeros, zeros
    sent = found.columns.get("source.bytes", zeros)
    received = found.columns.get("destination.bytes", zeros)
    octets = found.columns.get("network.bytes")
    if octets is None:
        return sent, received, list(map(add, sent, received))
    if 0 in octets:
        sent = [amount if both else 0 for amount, both in zip(sent, octets, strict=True)]
        received = [amount if both else 0 for amount, both in zip(received, octets, strict=True)]
    return sent, received, octets
