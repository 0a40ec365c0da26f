"""Quarantine: items that are not records, with their place, reason and a redacted sample."""

from typing import Any, NamedTuple

import orjson

from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.redaction import redact_text

SAMPLE_LENGTH = 200
"""Characters of a quarantined item that are kept, after redaction."""

# A secret that begins in the sample must be recognised, so more than the sample is redacted.
_REDACTED_LENGTH = 4000


class Quarantined(NamedTuple):
    """An item that is not a record.

    Attributes:
        file: the file, or the id of the batch.
        line: number of the line in the file, from 1; or the index in the batch, from 0.
        offset: position of the line's first byte in the file; 0 in a batch.
        place: index of the item in its line's envelope.
        reason: reason, without any content.
        sample: the first `SAMPLE_LENGTH` characters, redacted.
    """

    file: str
    line: int
    offset: int
    place: int
    reason: str
    sample: str


def sample_of(raw: bytes | str) -> str:
    """Return the start of a line, redacted."""
    text = raw[: _REDACTED_LENGTH * 4].decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return redact_text(text[:_REDACTED_LENGTH].rstrip("\r\n"))[:SAMPLE_LENGTH]


def sample_of_item(item: Any) -> str:
    """Return the start of an item's JSON, redacted."""
    try:
        return sample_of(orjson.dumps(item, default=str, option=orjson.OPT_NON_STR_KEYS))
    except TypeError:
        return sample_of(str(type(item).__name__))


def quarantined_of(file: str, entry: Entry, reason: str) -> Quarantined:
    """Return an entry that is not a record."""
    sample = sample_of(entry.raw) if entry.fault else sample_of_item(entry.item)
    return Quarantined(file, entry.line, entry.offset, entry.place, reason, sample)
