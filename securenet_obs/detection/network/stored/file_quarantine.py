"""The quarantined items of imported files: listed, and replayed from their files."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from securenet_obs.detection.network.counting.places import Place
from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.detection.network.readers.rereading import reread
from securenet_obs.detection.network.rejudging import Rejudged, places_by_offset
from securenet_obs.detection.network.stored.counted_files import CountedFile, read_counted
from securenet_obs.detection.network.stored.minutes import add_minutes
from securenet_obs.detection.network.stored.ranges import digest_of
from securenet_obs.errors import OriginalError
from securenet_obs.store import LogFile, session_scope

FILE_GONE = "the file is gone"
FILE_CHANGED = "the file has changed since its import"
NOT_KEPT = "its import is no longer kept"
TOO_MANY = "the places of its last items were not kept, only those of the first million"
NO_PLACES = "its places were not kept: an earlier version has counted it, or an earlier import"

CHUNK = 20_000
"""Entries that one transaction adds; what it has added stays if a later one fails."""

_FILES_AT_ONCE = 10

_Key = tuple[str, str]
_Line = tuple[int, list[Entry]]


class FileReplay(NamedTuple):
    """Outcome of a replay: items that became records, and items that stay in quarantine.

    `problem` is the reason why the others were not read again; "" if they were.
    """

    path: str
    replayed: int
    remaining: int
    problem: str


def list_lines(session: Session, tenant_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the quarantined items of files, the most recent file first; of each the first 1000."""
    query = select(LogFile).where(*_waiting(tenant_id)).order_by(LogFile.finished_at.desc())
    rows: list[dict[str, Any]] = []
    for file in session.scalars(query.execution_options(yield_per=_FILES_AT_ONCE)):
        rows += _rows_of(file)
        if len(rows) >= limit:
            break
    return rows[:limit]


def count_lines(session: Session, tenant_id: str | None) -> int:
    """Return the number of quarantined items of files."""
    total = session.scalar(select(func.sum(LogFile.quarantined)).where(*_waiting(tenant_id)))
    return int(total or 0)


def _rows_of(file: LogFile) -> Iterator[dict[str, Any]]:
    at = None if file.finished_at is None else file.finished_at.isoformat()
    for item in (file.result or {}).get("quarantine", []):
        yield {
            "tenant_id": file.tenant_id,
            "source": "file",
            "name": file.path or item["file"],
            **{name: item[name] for name in ("line", "offset", "place", "reason", "sample")},
            "at": at,
        }


def waiting_files(session: Session, tenant_id: str | None) -> list[_Key]:
    """Return tenant and digest of each file with items in quarantine, the oldest first."""
    query = select(LogFile.tenant_id, LogFile.digest).where(*_waiting(tenant_id))
    return [(tenant, digest) for tenant, digest in session.execute(query.order_by(*_ORDER))]


_ORDER = LogFile.finished_at, LogFile.tenant_id, LogFile.digest


def replay_file(tenant_id: str, digest: str) -> FileReplay:
    """Read a file's quarantined items again, and count those that are records now.

    Of replays at once only one adds an item: each step requires that no other was there since the
    state was read. The file must be the one that was imported.

    Raises:
        StoreUnavailableError: the store did not do a step; those before it are done.
    """
    key = tenant_id, digest
    replayed, problem = 0, ""
    with session_scope() as session:
        file = session.get(LogFile, key)
    if file is None:
        return FileReplay(digest, 0, 0, NOT_KEPT)
    try:
        for added in _replay(key, file):
            replayed += added
    except OriginalError as error:
        problem = str(error)
    with session_scope() as session:
        remaining = session.scalar(select(LogFile.quarantined).filter_by(**_named(key))) or 0
    return FileReplay(file.path, replayed, remaining, problem)


def _replay(key: _Key, file: LogFile) -> Iterator[int]:
    """Replay a file in steps; yield the number of new records of each."""
    if file.content is None:
        raise OriginalError(NO_PLACES)
    original = _Original(Path(file.path), key[1])
    counted, replays = read_counted(file.content), file.replays
    places = places_by_offset(counted.whole.places)
    for step in _steps(original.lines(list(places)), places):
        if step.changes(counted.whole):
            if not _add(key, replays, counted, step, original):
                return
            replays += 1
            yield len(step.batch.accepted)
    if counted.whole.quarantined > len(counted.whole.places):
        raise OriginalError(TOO_MANY)


def _steps(lines: Iterable[_Line], places: Mapping[int, list[Place]]) -> Iterator[Rejudged]:
    step = Rejudged()
    for offset, entries in lines:
        step.add(places[offset], entries)
        if len(step.entries) >= CHUNK:
            yield step
            step = Rejudged()
    yield step


def _add(
    key: _Key, replays: int, counted: CountedFile, step: Rejudged, original: "_Original"
) -> bool:
    """Add a step in one transaction; return False if another replay was faster."""
    original.check()
    before_it = [getattr(LogFile, name) == value for name, value in _named(key).items()]
    claim = update(LogFile).where(*before_it, LogFile.replays == replays)
    with session_scope() as session:
        claimed = session.scalar(claim.values(replays=replays + 1).returning(LogFile.digest))
        if claimed is None:
            return False
        add_minutes(session, key[0], step.batch)
        step.apply_to(counted.whole, str(original.path))
        counted.minutes |= step.batch.minutes().keys()
        counted.write_to(session.get_one(LogFile, key))
    return True


class _Original:
    """The file that was imported, checked against its digest and against changes meanwhile."""

    def __init__(self, path: Path, digest: str) -> None:
        self.path = path
        self._state = self._look()
        if self._read(lambda: digest_of(path)) != digest:
            raise OriginalError(FILE_CHANGED)

    def lines(self, offsets: list[int]) -> Iterator[_Line]:
        """Yield positions and entries of lines; see `reread`."""
        lines = reread(self.path, offsets)
        while (line := self._read(lambda: next(lines, None))) is not None:
            yield line

    def check(self) -> None:
        """Refuse a file that was changed since it was compared with its digest."""
        if self._look() != self._state:
            raise OriginalError(FILE_CHANGED)

    def _look(self) -> tuple[int, ...]:
        if not self.path.is_file():
            raise OriginalError(FILE_GONE)
        found: os.stat_result = self._read(self.path.stat)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self, work: Any) -> Any:
        try:
            return work()
        except OSError as error:
            raise OriginalError(f"the file cannot be read: {error.strerror}") from error


def _named(key: _Key) -> dict[str, str]:
    return dict(zip(("tenant_id", "digest"), key, strict=True))


def _waiting(tenant_id: str | None) -> list[Any]:
    waiting = [LogFile.quarantined > 0]
    return waiting if tenant_id is None else [*waiting, LogFile.tenant_id == tenant_id]
