"""Versions of the schema: processes compare, and change nothing."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from securenet_obs.errors import SchemaError
from securenet_obs.settings import get_settings
from securenet_obs.store import (
    REQUEST,
    close_engines,
    create_store_engine,
    ensure_tenant,
    session_at,
    session_scope,
)
from securenet_obs.store.migration import FOLDER
from securenet_obs.store.schema import VERSION, check_version, read_version
from tests.busy import room_for

pytestmark = pytest.mark.usefixtures("empty_store")


def set_version(url: str, version: str) -> None:
    """Store another version of the schema."""
    engine = create_store_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()


def test_the_version_is_the_last_revision() -> None:
    """Services compare a constant, so that they need not load Alembic."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [VERSION]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0001", f"its schema is 0001, and {VERSION} is needed. Run: securenet-obs store migrate"),
        (
            "0999",
            f"newer than {VERSION}, which this version of securenet-obs uses. Install",
        ),
        ("cafe", f"newer than {VERSION}"),
    ],
)
def test_another_schema_is_refused(empty_store: str, version: str, words: str) -> None:
    """The error has both versions and the command, and nothing is changed."""
    set_version(empty_store, version)
    for use in (session_scope, lambda: session_at(empty_store)):
        with pytest.raises(SchemaError, match=words), use():
            pytest.fail("a session was opened")
    engine = create_store_engine(empty_store)
    with engine.connect() as connection:
        assert read_version(connection) == version
    engine.dispose()


def test_a_process_checks_once(empty_store: str) -> None:
    """A store that is migrated meanwhile is used by the processes of the version before."""
    with session_scope():
        pass
    set_version(empty_store, "0999")
    with session_scope() as session:
        assert session.scalar(text("SELECT 1")) == 1
    close_engines()
    with pytest.raises(SchemaError), session_scope():
        pytest.fail("a session was opened")


def test_a_refused_store_is_used_once_it_is_migrated(empty_store: str) -> None:
    """The process that was refused needs no restart."""
    set_version(empty_store, "0001")
    with pytest.raises(SchemaError), session_scope():
        pytest.fail("a session was opened")
    set_version(empty_store, VERSION)
    with session_scope() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_database_without_tables_is_refused(empty_store: str) -> None:
    """No process creates a table."""
    engine = create_store_engine(empty_store)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    with engine.connect() as connection, pytest.raises(SchemaError, match="no schema yet"):
        check_version(connection)
    engine.dispose()
    assert get_settings().database_url.get_secret_value() == empty_store


SERVICES = {
    "api": [
        *["-m", "uvicorn", "securenet_obs.api.app:app", "--port", "0"],
    ],
    "worker": [
        *["-m", "celery", "-A", "securenet_obs.workers.celery_app", "worker", "--pool", "solo"],
    ],
}


@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_ends_on_another_schema(
    service: str, empty_store: str, redis_server: Any
) -> None:
    """Its log names both versions and the remedy, and it ends instead of failing each task."""
    set_version(empty_store, "0999")
    environment = {**os.environ, **redis_server.environment, "DATABASE_URL": empty_store}
    done = subprocess.run(
        [sys.executable, *SERVICES[service]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode != 0
    assert f"The store's schema is 0999, newer than {VERSION}" in done.stdout + done.stderr


@pytest.mark.stack
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_new_process_holds_up_no_writer(empty_store: str) -> None:
    """A process starts while a transaction is forgotten: neither it nor the others wait."""
    with session_scope() as holder:
        ensure_tenant(holder, "acme")
        holder.flush()
        began = time.monotonic()
        code = "from securenet_obs.store import check_store; check_store()"
        environment = {**os.environ, "DATABASE_URL": empty_store}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        with session_scope(REQUEST) as session:
            ensure_tenant(session, "other")
        assert time.monotonic() - began < room_for(4)
