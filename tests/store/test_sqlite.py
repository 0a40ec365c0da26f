"""Connections to SQLite."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import OperationalError

from securenet_obs.store import REQUEST, TASK, create_store_engine, session_scope
from securenet_obs.store.sqlite import create
from tests.busy import room_for

pytestmark = pytest.mark.usefixtures("sqlite_store")


def test_readers_and_a_writer_do_not_block_each_other() -> None:
    """SQLite has a write-ahead log and enforces foreign keys."""
    with session_scope() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 5_000
    with session_scope(replace(TASK, lock_s=0.2)) as session:
        assert session.scalar(text("PRAGMA busy_timeout")) == 200


def test_a_locked_new_store_is_awaited(tmp_path: Path) -> None:
    """SQLite itself does not wait when another process switches to the write-ahead log."""
    other = sqlite3.connect(tmp_path / "new.sqlite3", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.rollback).start()
    with create_store_engine(f"sqlite:///{tmp_path}/new.sqlite3").connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
    other.close()


def test_the_wait_for_a_new_store_is_bounded(tmp_path: Path) -> None:
    """If another process keeps the lock, the error comes after the timeout."""
    with sqlite3.connect(tmp_path / "new.sqlite3", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        engine = create_store_engine(f"sqlite:///{tmp_path}/new.sqlite3", replace(TASK, lock_s=0.2))
        with pytest.raises(OperationalError, match="locked"), engine.connect():
            pass
    assert 0.2 <= time.monotonic() - began < room_for(0.8)  # 5 s by default


def test_a_commit_survives_a_power_loss() -> None:
    """SQLite syncs to the disk before a commit returns."""
    with session_scope() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2


def create_impatient(path: Path, lock_s: float) -> Engine:
    """Return an engine whose connections never wait for SQLite itself, with a table."""
    engine = create(make_url(f"sqlite:///{path}"), replace(REQUEST, lock_s=lock_s))
    event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA busy_timeout=0"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE written (number INTEGER)"))
    return engine


def test_writers_of_a_process_take_turns(tmp_path: Path) -> None:
    """No writer meets another in SQLite, where it would poll and starve."""
    engine = create_impatient(tmp_path / "s.sqlite3", 30)

    def write(number: int) -> None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})
            time.sleep(0.002)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(32)))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM written")) == 32
    engine.dispose()


def test_a_writer_that_waits_in_vain_is_refused_and_gives_no_turn_away(tmp_path: Path) -> None:
    """Its own failure leaves the turn with its holder, whose end lets the next one write."""
    engine = create_impatient(tmp_path / "s.sqlite3", 0.01)
    insert = text("INSERT INTO written VALUES (1)")
    with engine.begin() as holder:
        holder.execute(insert)
        for _ in range(2):
            with pytest.raises(OperationalError, match="locked"), engine.begin() as other:
                other.execute(insert)
    with engine.connect() as undone:
        undone.execute(insert)
    with engine.begin() as connection:
        connection.execute(insert)
        assert connection.scalar(text("SELECT count(*) FROM written")) == 2
    engine.dispose()
