"""The store: sessions, engines and tables."""

import multiprocessing
import sqlite3
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, OperationalError

from securenet_obs.errors import SettingsError
from securenet_obs.store import (
    NetworkMinute,
    Tenant,
    create_store_engine,
    ensure_tenant,
    insert_once,
    session_scope,
)
from tests.busy import room_for

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_failed_session_is_rolled_back() -> None:
    """A session commits all of its changes or none."""
    with pytest.raises(IntegrityError), session_scope() as session:
        session.execute(insert(Tenant).values([{"tenant_id": "acme"}, {"tenant_id": None}]))
    with session_scope() as session:
        assert session.get(Tenant, "acme") is None


def test_datetimes_are_restored_in_utc() -> None:
    """SQLite does not store the zone, so the column type restores it."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with session_scope() as session:
        ensure_tenant(session, "acme")
        session.add(NetworkMinute(tenant_id="acme", minute=noon))
    with session_scope() as session:
        assert session.get_one(NetworkMinute, ("acme", noon)).minute == noon


def test_an_error_does_not_contain_the_parameters() -> None:
    """No exception, and so no log and no event, contains the values of a statement."""
    with pytest.raises(IntegrityError) as raised, session_scope() as session:
        session.execute(
            text("INSERT INTO findings (tenant_id) VALUES (:secret)"), {"secret": "hunter2"}
        )
    assert "hunter2" not in str(raised.value)
    assert "hide_parameters" in str(raised.value)


def test_readers_and_a_writer_do_not_block_each_other() -> None:
    """SQLite has a write-ahead log and enforces foreign keys."""
    with session_scope() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 5_000
    with session_scope(busy_timeout_s=0.2) as session:
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
        engine = create_store_engine(f"sqlite:///{tmp_path}/new.sqlite3", busy_timeout_s=0.2)
        with pytest.raises(OperationalError, match="locked"), engine.connect():
            pass
    assert 0.2 <= time.monotonic() - began < room_for(2)


def test_a_commit_survives_a_power_loss() -> None:
    """SQLite syncs to the disk before a commit returns."""
    with session_scope() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2


def test_a_row_is_inserted_once() -> None:
    """An existing key returns False, and does not end the transaction."""
    for first in (True, False):
        with session_scope() as session:
            assert insert_once(session, Tenant, tenant_id="acme") is first
            assert ensure_tenant(session, "acme").tenant_id == "acme"


def use_in_child(results: "multiprocessing.SimpleQueue[str]") -> None:
    """Use the store in a forked process."""
    with session_scope() as session:
        ensure_tenant(session, "child")
    results.put("done")


def test_a_forked_child_opens_its_own_connections() -> None:
    """A child that uses the store does not break the parent's connection."""
    forking = multiprocessing.get_context("fork")
    with session_scope() as session:
        ensure_tenant(session, "parent")
    results = forking.SimpleQueue()
    child = forking.Process(target=use_in_child, args=(results,))
    child.start()
    child.join(20)
    assert (child.exitcode, results.get()) == (0, "done")
    with session_scope() as session:
        assert session.get(Tenant, "child") is not None


@pytest.mark.parametrize("url", ["no url", "hunter2:"])
def test_an_invalid_url_is_refused_without_repeating_it(url: str) -> None:
    """The error has the variable's name, and not its value."""
    with pytest.raises(SettingsError, match="DATABASE_URL") as raised:
        create_store_engine(url)
    assert url not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres://u:hunter2@host/name", "its SQLAlchemy dialect is unknown"),
        ("postgresql+none://u:hunter2@host/name", "its SQLAlchemy dialect is unknown"),
        ("mysql+cymysql://u:hunter2@host/name", "its driver cymysql is not installed"),
    ],
)
def test_a_url_without_a_driver_is_refused(url: str, words: str) -> None:
    """The error has the missing dialect or driver, and not the password."""
    with pytest.raises(SettingsError, match=words) as raised:
        create_store_engine(url)
    assert "hunter2" not in str(raised.value)
