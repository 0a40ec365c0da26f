"""Stores the relay's items in SQLite, bounded in number and size; the oldest make room for new."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.stack.parts.relay.envelopes import RelayItem

MAX_ITEMS = 50_000
"""Number of items that are kept."""

MAX_BYTES = 64 * 1024 * 1024
"""Total size of the items that are kept."""

PAGE_ITEMS = 200
"""Maximum number of items in one page of an answer."""

PAGE_BYTES = 8 * 1024 * 1024
"""Size above which a page of an answer gets no further item."""

_FULL_SHARE = 2
"""The database file is at most this many times as large as its items: indexes, and free pages."""

_PAGE_SIZE = 4096
_EVICTED_AT_ONCE = 200

_SCHEMA = f"""
PRAGMA page_size = {_PAGE_SIZE};
PRAGMA journal_mode = TRUNCATE;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, trace_id TEXT, name TEXT, received REAL,
    size INTEGER, payload TEXT
);
CREATE INDEX IF NOT EXISTS items_by_trace ON items (trace_id, kind);
CREATE INDEX IF NOT EXISTS items_by_name ON items (name, kind);
"""

_FIND = """
SELECT id, kind, received, payload FROM items
WHERE id > :after AND (:kind IS NULL OR kind = :kind) {condition}
ORDER BY id LIMIT :limit
"""


@dataclass(frozen=True)
class StoredItem:
    """An item with its number and the unix time at which it was received."""

    number: int
    kind: str
    received: float
    payload: str


class ItemStore:
    """Items in one SQLite file, for the threads of one process.

    Args:
        path: the file; items of an earlier process are kept.
        max_items: number of items that are kept.
        max_bytes: total size of the items that are kept.
    """

    def __init__(
        self, path: Path, *, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._max_items, self._max_bytes = max_items, max_bytes
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.executescript(_SCHEMA)
        pages = max(64, _FULL_SHARE * max_bytes // _PAGE_SIZE)
        self._database.execute(f"PRAGMA max_page_count = {pages}")
        row = self._database.execute("SELECT count(*), coalesce(sum(size), 0) FROM items")
        self._items, self._bytes = row.fetchone()
        self.evicted = 0

    def add(self, items: Iterable[RelayItem]) -> None:
        """Store items; the oldest are removed if there are too many.

        Raises:
            sqlite3.Error: they could not be stored, for instance because the disk is full.
        """
        now = time.time()
        rows = [
            (item.kind, item.trace_id, item.name, now, len(item.payload), item.payload)
            for item in items
        ]
        size = sum(row[4] for row in rows)
        with self._lock, self._database:
            evicted, freed = self._make_room(len(rows), size)
            self._database.executemany(
                "INSERT INTO items (kind, trace_id, name, received, size, payload)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._database.commit()
            self._items += len(rows) - evicted
            self._bytes += size - freed
            self.evicted += evicted

    def find(
        self,
        kind: str | None = None,
        trace_id: str | None = None,
        name: str | None = None,
        after: int = 0,
    ) -> tuple[list[StoredItem], bool]:
        """Return a page of the items that match, oldest first, and whether more follow.

        Args:
            kind: type of item; None for any.
            trace_id: trace of the items; None for any.
            name: name of a transaction or slug of a monitor; None for any.
            after: number of the last item of the previous page.
        """
        condition = "AND trace_id = :trace_id" if trace_id else ""
        condition += " AND name = :name" if name else ""
        given = {"kind": kind, "trace_id": trace_id, "name": name, "after": after}
        with self._lock:
            rows = self._database.execute(
                _FIND.format(condition=condition), {**given, "limit": PAGE_ITEMS + 1}
            )
            return _take_page(rows)

    def count(self) -> Counter[str]:
        """Return the number of stored items by kind."""
        with self._lock:
            rows = self._database.execute("SELECT kind, count(*) FROM items GROUP BY kind")
            return Counter(dict(rows.fetchall()))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _make_room(self, items: int, size: int) -> tuple[int, int]:
        """Delete the oldest items until new ones fit; return the number and size of the deleted."""
        evicted = freed = 0
        while evicted < self._items and (
            self._items - evicted + items > self._max_items
            or self._bytes - freed + size > self._max_bytes
        ):
            oldest = self._database.execute(
                "SELECT id, size FROM items ORDER BY id LIMIT ?", (_EVICTED_AT_ONCE,)
            ).fetchall()
            self._database.execute("DELETE FROM items WHERE id <= ?", (oldest[-1][0],))
            evicted += len(oldest)
            freed += sum(row[1] for row in oldest)
        return evicted, freed


def _take_page(rows: sqlite3.Cursor) -> tuple[list[StoredItem], bool]:
    page: list[StoredItem] = []
    size = 0
    for row in rows:
        if len(page) == PAGE_ITEMS or size > PAGE_BYTES:
            return page, True
        page.append(StoredItem(*row))
        size += len(page[-1].payload)
    return page, False
