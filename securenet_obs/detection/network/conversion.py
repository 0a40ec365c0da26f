"""Conversion of log files to ECS documents, one JSON line for each record."""

from collections.abc import Iterable, Iterator
from typing import Any

from securenet_obs.detection.network.ecs.documents import to_line
from securenet_obs.detection.network.quarantine import Quarantined, quarantined_of
from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.detection.network.readers.sources import read_source
from securenet_obs.detection.network.records import normaliser
from securenet_obs.errors import RecordError


def convert(sources: Iterable[str]) -> Iterator[bytes | Quarantined]:
    """Yield a JSON line for each record of files, and the items that are not records.

    `log.file.path` and `log.offset` of a line are the place of its original, in decompressed bytes;
    `log.index` is the item's place in an envelope.

    Raises:
        OSError: a file cannot be read.
    """
    for name in sources:
        for entry in read_source(name):
            if not entry.is_blank:
                yield _converted(name, entry)


def _converted(file: str, entry: Entry) -> bytes | Quarantined:
    if entry.fault:
        return quarantined_of(file, entry, entry.fault)
    try:
        record = normaliser().normalise(entry.item)
    except RecordError as error:
        return quarantined_of(file, entry, str(error))
    origin: dict[str, Any] = {"log.file.path": file, "log.offset": entry.offset}
    return to_line(record.fields, {**origin, "log.index": entry.place})
