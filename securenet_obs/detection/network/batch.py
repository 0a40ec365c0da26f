"""A batch of parsed items: normalised once, into records and quarantined items, and by minute."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from securenet_obs.detection.network.counting.minutes import Minute, minute_of
from securenet_obs.detection.network.quarantine import Quarantined, sample_of_item
from securenet_obs.detection.network.readers.envelopes import unwrap
from securenet_obs.detection.network.records import Record, normaliser
from securenet_obs.errors import RecordError

OVERFLOW = "byte count overflows its minute"
"""Reason for rejecting a record with a count that is valid, but too large for its minute."""

_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


@dataclass
class Batch:
    """A normalised batch.

    Attributes:
        accepted: the records, each with the index of its item in the batch.
        quarantined: the other items; their line is that index.
        digest: SHA-256 of the items; equal batches have equal digests.
    """

    accepted: list[tuple[int, Record]] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    digest: str = ""
    _minutes: dict[datetime, Minute] | None = field(default=None, repr=False, compare=False)

    @property
    def rejected(self) -> Counter[str]:
        """Number of quarantined items by reason."""
        return Counter(item.reason for item in self.quarantined)

    @property
    def untimed(self) -> int:
        """Number of records without a time, which no minute counts."""
        return sum(record.timestamp is None for _, record in self.accepted)

    def minutes(self) -> dict[datetime, Minute]:
        """Return the metrics of each minute with records, in chronological order."""
        if self._minutes is None:
            minutes: dict[datetime, Minute] = {}
            self.keep_fitting(minutes, are_all=True)
            for minute in minutes.values():
                # Before a transaction: the first sketch imports numpy, and others would wait.
                minute.peers.compact()
            self._minutes = dict(sorted(minutes.items()))
        return self._minutes

    def summary(self) -> dict[str, Any]:
        """Return `accepted`, `untimed`, `rejected` (by reason), `minutes` and `log_types`."""
        minutes = len(self.minutes())
        return {
            "accepted": len(self.accepted),
            "untimed": self.untimed,
            "rejected": dict(self.rejected),
            "minutes": minutes,
            "log_types": dict(sorted(Counter(r.log_type for _, r in self.accepted).items())),
        }

    def keep_fitting(self, minutes: dict[datetime, Minute], *, are_all: bool = False) -> None:
        """Quarantine each record with too many bytes for its minute, and add others to it.

        Args:
            minutes: metrics before this batch.
            are_all: whether other minutes are empty; else their records are kept.
        """
        kept = []
        for index, record in self.accepted:
            minute = _minute_for(record, minutes, are_all)
            if minute is None or minute.add(record):
                kept.append((index, record))
            else:
                sample = sample_of_item(record.fields)
                self.quarantined.append(Quarantined("", index, 0, 0, OVERFLOW, sample))
        self.accepted, self._minutes = kept, None


def normalise_batch(items: Iterable[object]) -> Batch:
    """Normalise items one by one; an invalid one is quarantined, and the others stay."""
    given = list(items)
    batch = Batch(digest=digest_of(given))
    normalise = normaliser().normalise
    for index, value in enumerate(given):
        for place, item in enumerate(unwrap(value)):
            try:
                batch.accepted.append((index, normalise(item)))
            except RecordError as error:
                sample = sample_of_item(item)
                batch.quarantined.append(Quarantined("", index, 0, place, str(error), sample))
    batch.minutes()
    return batch


def digest_of(items: list[Any]) -> str:
    """Return the SHA-256 of items, independent of the order of an object's names."""
    try:
        content = orjson.dumps(items, default=repr, option=_CANONICAL)
    except TypeError:
        # An integer over 64 bits, or a lone surrogate: values that JSON's own rules do not bound.
        content = repr(items).encode("utf-8", "surrogatepass")
    return sha256(content).hexdigest()


def _minute_for(record: Record, minutes: dict[datetime, Minute], are_all: bool) -> Minute | None:
    moment = record.timestamp
    if moment is None:
        return None
    start = minute_of(moment)
    return minutes.setdefault(start, Minute()) if are_all else minutes.get(start)
