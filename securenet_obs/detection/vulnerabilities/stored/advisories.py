"""Advisories in the store: synchronisation with a source, and the index that a scan reads."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from securenet_obs.detection.vulnerabilities.advisories.coding import (
    decode_entry,
    digest_entry,
    encode_entry,
)
from securenet_obs.detection.vulnerabilities.advisories.entries import Entry, compile_record
from securenet_obs.detection.vulnerabilities.advisories.files import Source
from securenet_obs.detection.vulnerabilities.components import Package, Problem
from securenet_obs.errors import AdvisoriesError
from securenet_obs.store import AdvisoryEntry, AdvisorySync, dialect_insert, session_scope

Scope = Callable[[], AbstractContextManager[Session]]

BATCH_ROWS = 1_000
"""Rows that one transaction writes: on SQLite other writers wait for it."""

_CHUNK = 500
_LENGTHS = (100, 400, 100)


class Key(NamedTuple):
    """Primary key of an entry in the store."""

    ecosystem: str
    package: str
    advisory_id: str


@dataclass
class Changes:
    """Differences between the records of a source and the store.

    Attributes:
        rows: columns of the new and changed entries.
        seen: keys of all entries of the records.
        removed: keys of the stored entries that the source does not have any more.
        newest: time of the latest modification of a record, as the records write it.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    seen: set[Key] = field(default_factory=set)
    removed: set[Key] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    newest: str = ""

    def summary(self) -> dict[str, int]:
        """Return the numbers of records, entries, changes, skipped ranges and problems."""
        names = ("records", "added", "changed", "git_ranges")
        return {
            **{name: self.counts[name] for name in names},
            "entries": len(self.seen),
            "removed": len(self.removed),
            "problems": len(self.problems),
        }


def sync_advisories(
    source: str,
    records: Iterable[Source],
    *,
    max_age: timedelta | None = None,
    packages: Collection[Package] | None = None,
    scope: Scope = session_scope,
) -> Changes:
    """Make the store's entries of a source those of its records; only differences are written.

    Args:
        source: name of the source; entries of others are kept.
        records: all records of the source.
        max_age: greatest age of the latest modification; None accepts any.
        packages: the only packages that the records cover; the entries of others are kept.
        scope: sessions of the store.

    Raises:
        AdvisoriesError: there are no records, or they are older than `max_age`.
    """
    with scope() as session:
        stored = _stored_digests(session)
    changes = _compare(records, {key: digest for key, (digest, _) in stored.items()})
    own = {key for key, (_, of) in stored.items() if of == source}
    if packages is not None:
        own = {key for key in own if Package(key.ecosystem, key.package) in packages}
    elif not changes.counts["records"]:
        raise AdvisoriesError(f"{source} has no records: nothing was changed")
    changes.removed = own - changes.seen
    _check_age(source, changes, max_age)
    with scope() as session:
        row = AdvisorySync(
            source=source, synced_at=datetime.now(UTC), as_of=as_time(changes.newest)
        )
        session.add(row)
        session.flush()
        number = row.number
    for rows in _chunks(changes.rows, BATCH_ROWS):
        with scope() as session:
            _upsert(session, source, number, rows)
    for keys in _chunks(sorted(changes.removed), _CHUNK):
        with scope() as session:
            session.execute(delete(AdvisoryEntry).where(tuple_(*_KEY).in_(keys)))
    with scope() as session:
        session.get_one(AdvisorySync, number).counts = changes.summary()
    return changes


def as_time(text: str) -> datetime | None:
    """Return a record's time, None if it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stored_digests(session: Session) -> dict[Key, tuple[str, str]]:
    """Return digest and source of each entry."""
    rows = session.execute(select(*_KEY, AdvisoryEntry.digest, AdvisoryEntry.source))
    return {Key(*row[:3]): (row[3], row[4]) for row in rows}


def _compare(records: Iterable[Source], digests: Mapping[Key, str]) -> Changes:
    changes = Changes()
    for record in records:
        try:
            if record.problem:
                raise AdvisoriesError(record.problem)
            compiled = compile_record(record.record)
        except AdvisoriesError as error:
            changes.problems.append(Problem(record.place, str(error)))
            continue
        changes.counts["records"] += 1
        changes.counts["git_ranges"] += compiled.git_ranges
        changes.newest = max(changes.newest, str(record.record.get("modified") or ""))
        for entry in compiled.entries:
            _compare_entry(entry, record.place, digests, changes)
    return changes


def _compare_entry(entry: Entry, place: str, digests: Mapping[Key, str], changes: Changes) -> None:
    key = Key(entry.package.ecosystem, entry.package.name, entry.advisory_id)
    if any(len(part) > most or "\0" in part for part, most in zip(key, _LENGTHS, strict=True)):
        changes.problems.append(Problem(place, "its id or the package's name cannot be stored"))
        return
    encoded, known = encode_entry(entry), orjson.dumps(entry.known).decode()
    digest = digest_entry(encoded, known)
    if key in changes.seen or digests.get(key) == digest:
        changes.seen.add(key)
        return
    changes.seen.add(key)
    changes.counts["changed" if key in digests else "added"] += 1
    columns = {"digest": digest, "entry": encoded, "known": known}
    changes.rows.append({**key._asdict(), **columns})


def _check_age(source: str, changes: Changes, max_age: timedelta | None) -> None:
    newest = as_time(changes.newest)
    if max_age is not None and newest is not None and datetime.now(UTC) - newest > max_age:
        raise AdvisoriesError(
            f"{source} is of {newest:%Y-%m-%d}, older than {max_age.days} days: nothing was "
            "changed. Get newer advisories, or accept these with --max-age."
        )


def _upsert(session: Session, source: str, number: int, rows: Sequence[dict[str, Any]]) -> None:
    """Write entries; `added_in` of an existing one is kept."""
    statement = dialect_insert(session, AdvisoryEntry)
    changed = ("source", "digest", "entry", "known", "changed_in")
    upsert = statement.on_conflict_do_update(
        index_elements=list(Key._fields),
        set_={name: statement.excluded[name] for name in changed},
    )
    numbers = {"source": source, "added_in": number, "changed_in": number}
    session.execute(upsert, [{**row, **numbers} for row in rows])


def last_sync(session: Session) -> AdvisorySync | None:
    """Return the last complete synchronisation."""
    query = select(AdvisorySync).where(AdvisorySync.counts.is_not(None))
    return session.scalars(query.order_by(AdvisorySync.number.desc()).limit(1)).first()


class StoredIndex:
    """Index of the advisories in the store, for the packages of one scan.

    Attributes:
        sync_number: number of the last synchronisation before the scan.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        # Read before the entries: an entry that is newer counts as new for the next scan too.
        self.sync_number = session.scalar(select(func.max(AdvisorySync.number))) or 0
        self._numbers: dict[tuple[Package, str], tuple[int, int]] = {}

    def entries_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[Entry]]:
        """Return the entries of those packages that have any."""
        entries: dict[Package, list[Entry]] = {}
        columns = AdvisoryEntry.entry, AdvisoryEntry.added_in, AdvisoryEntry.changed_in
        for package, text, added_in, changed_in in self._select(packages, *columns):
            entry = decode_entry(package, text)
            entries.setdefault(package, []).append(entry)
            self._numbers[package, entry.advisory_id] = added_in, changed_in
        return entries

    def known_versions_of(self, packages: Collection[Package]) -> Mapping[Package, Sequence[str]]:
        """Return the versions that the packages' advisories name, affected or fixed."""
        known: dict[Package, list[str]] = {}
        for package, text in self._select(packages, AdvisoryEntry.known):
            known.setdefault(package, []).extend(orjson.loads(text))
        return known

    def numbers_of(self, entry: Entry) -> tuple[int, int]:
        """Return the synchronisations that added and last changed an entry."""
        return self._numbers[entry.package, entry.advisory_id]

    def _select(self, packages: Collection[Package], *columns: Any) -> Iterator[tuple[Any, ...]]:
        """Yield each package with the columns of one of its entries."""
        names: dict[str, dict[str, Package]] = {}
        for package in packages:
            names.setdefault(package.ecosystem, {})[package.name] = package
        for ecosystem, by_name in names.items():
            for chunk in _chunks(sorted(by_name), _CHUNK):
                query = select(AdvisoryEntry.package, *columns).where(
                    AdvisoryEntry.ecosystem == ecosystem, AdvisoryEntry.package.in_(chunk)
                )
                for name, *values in self._session.execute(query):
                    yield by_name[name], *values


_KEY = (AdvisoryEntry.ecosystem, AdvisoryEntry.package, AdvisoryEntry.advisory_id)


def _chunks(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
