"""Items are found by trace, kind and name; number and size are bounded."""

import sqlite3
from pathlib import Path

import pytest

from securenet_obs.stack.parts.relay import items
from securenet_obs.stack.parts.relay.envelopes import RelayItem
from securenet_obs.stack.parts.relay.items import ItemStore


def make(number: int, *, kind: str = "transaction", trace: str = "t", size: int = 2) -> RelayItem:
    """Return an item with a payload of that size."""
    return RelayItem(kind, trace, f"name {number}", f'"{"x" * (size - 2)}"')


def test_items_are_found_by_what_they_are(tmp_path: Path) -> None:
    """Each filter counts, and without one everything is found, oldest first."""
    store = ItemStore(tmp_path / "items")
    store.add([make(1), make(2, kind="check_in"), make(3, trace="other")])
    found = {
        name: [item.number for item in store.find(**query)[0]]
        for name, query in {
            "all": {},
            "trace": {"trace_id": "t"},
            "kind": {"kind": "transaction", "trace_id": "t"},
            "name": {"name": "name 2"},
            "after": {"after": 1},
            "none": {"trace_id": "x"},
        }.items()
    }
    assert found == {
        "all": [1, 2, 3],
        "trace": [1, 2],
        "kind": [1],
        "name": [2],
        "after": [2, 3],
        "none": [],
    }
    assert store.count() == {"transaction": 2, "check_in": 1}


def test_the_oldest_items_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is bounded, and the removed ones are counted."""
    monkeypatch.setattr(items, "_EVICTED_AT_ONCE", 2)
    store = ItemStore(tmp_path / "items", max_items=5)
    for number in range(12):
        store.add([make(number)])
    (kept, _) = store.find()
    assert kept[-1].number == 12
    assert 3 < len(kept) <= 5
    assert store.evicted == 12 - len(kept)


def test_the_file_is_bounded(tmp_path: Path) -> None:
    """However much is sent, the file does not grow beyond its bound."""
    path = tmp_path / "items"
    store = ItemStore(path, max_bytes=1_000_000)
    for number in range(200):
        store.add([make(number, size=50_000) for _ in range(5)])
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 3_000_000
    (kept, _) = store.find()
    assert kept[-1].number == 1_000


def test_a_restart_keeps_items_and_bounds(tmp_path: Path) -> None:
    """A new process finds the items of the one before, and counts them."""
    ItemStore(tmp_path / "items", max_items=5).add([make(number) for number in range(5)])
    store = ItemStore(tmp_path / "items", max_items=5)
    store.add([make(6)])
    assert sum(store.count().values()) <= 5


def test_pages_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has a maximum of items and of bytes, and the next begins behind it."""
    store = ItemStore(tmp_path / "items")
    store.add([make(number, size=100) for number in range(5)])
    monkeypatch.setattr(items, "PAGE_ITEMS", 2)
    (page, more) = store.find()
    assert ([item.number for item in page], more) == ([1, 2], True)
    (page, more) = store.find(after=4)
    assert ([item.number for item in page], more) == ([5], False)
    monkeypatch.setattr(items, "PAGE_BYTES", 50)
    (page, more) = store.find()
    assert ([item.number for item in page], more) == ([1], True)


def test_a_failed_write_changes_nothing(tmp_path: Path) -> None:
    """The items before it are still there, and later ones are stored."""
    store = ItemStore(tmp_path / "items", max_items=2)
    store.add([make(1), make(2)])
    store._database.execute("CREATE TRIGGER fails BEFORE INSERT ON items"
                            " BEGIN SELECT RAISE(ABORT, 'disk full'); END")  # fmt: skip
    with pytest.raises(sqlite3.Error, match="disk full"):
        store.add([make(3)])
    store._database.execute("DROP TRIGGER fails")
    assert len(store.find()[0]) == 2
    store.add([make(4)])
    assert store.find()[0][-1].number > 2
