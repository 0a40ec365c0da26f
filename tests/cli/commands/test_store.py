"""The store on the command line: migrated, checked, refused in one sentence."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from securenet_obs.store.schema import VERSION
from tests.stores import PostgresServer

Call = Callable[..., Any]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the env file of a target with a store that does not exist yet."""
    file = tmp_path / "target.env"
    file.write_text(f"DATABASE_URL=sqlite:///{tmp_path}/store.sqlite3\n")
    return file


@pytest.mark.slow
def test_a_store_is_migrated_and_then_used(call: Call, target: Path) -> None:
    """Before that, every command names the command to run; a second migration changes nothing."""
    for command in (("store", "check"), ("api-keys", "list"), ("dead-letters", "list")):
        done = call(*command, "--target", target)
        assert done.returncode == 3
        assert "no schema yet" in done.stderr
        assert "Run: securenet-obs store migrate" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = call("store", "migrate", "--target", target)
    assert (done.returncode, done.stdout) == (
        0,
        f"the schema of the store was migrated from nothing to {VERSION}\n",
    )
    done = call("store", "migrate", "--target", target)
    assert done.stdout == f"the schema of the store is at {VERSION}\n"
    assert call("store", "check", "--target", target).stdout == done.stdout
    assert (
        call("store", "check", "--target", target, "--json").stdout
        == f'{{"schema": "{VERSION}"}}\n'
    )
    assert call("api-keys", "list", "--target", target).stdout == "0 keys\n"


def test_a_newer_schema_is_refused(call: Call, target: Path, tmp_path: Path) -> None:
    """Neither migrated nor used by an older version."""
    call("store", "migrate", "--target", target)
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as store:
        store.execute("UPDATE alembic_version SET version_num = '0999'")
        store.commit()
    for command in (("store", "migrate"), ("store", "check"), ("api-keys", "create", "acme")):
        done = call(*command, "--target", target)
        assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
        assert f"The store's schema is 0999, newer than {VERSION}" in done.stderr


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgres://u:hunter2@host/name", 2, "start it with postgresql://"),
        ("postgresql://u:hunter2@127.0.0.1:1/name", 6, "Connection refused"),
        ("sqlite:////nowhere/store.sqlite3", 6, "unable to open database file"),
    ],
)
def test_a_store_that_cannot_be_migrated_is_one_sentence(
    call: Call, tmp_path: Path, url: str, code: int, words: str
) -> None:
    """The error has the reason, and neither a traceback nor the password."""
    (tmp_path / "t.env").write_text(f"DATABASE_URL={url}\n")
    for command in ("migrate", "check"):
        done = call("store", command, "--target", "t.env")
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert "hunter2" not in done.stderr
        assert done.stderr.startswith("DATABASE_URL: ")


@pytest.mark.stack
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "hunter2"}, "password authentication failed for user"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"username": "unknown"}, "password authentication failed for user"),
    ],
)
def test_a_refused_connection_is_one_sentence(
    call: Call, tmp_path: Path, postgresql: PostgresServer, change: dict[str, str], words: str
) -> None:
    """A wrong password and a missing database are named, in every command."""
    url = make_url(postgresql.create_store()).set(**change).render_as_string(hide_password=False)
    (tmp_path / "t.env").write_text(f"DATABASE_URL={url}\n")
    for command in (("store", "migrate"), ("store", "check"), ("api-keys", "list")):
        done = call(*command, "--target", "t.env")
        assert (done.returncode, words in done.stderr) == (6, True), done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("DATABASE_URL: the store cannot be opened: ")
        assert "hunter2" not in done.stderr


@pytest.mark.stack
def test_postgresql_is_migrated_and_used(
    call: Call, tmp_path: Path, postgresql: PostgresServer
) -> None:
    """The commands work on both databases."""
    url = postgresql.create_store("template0")
    (tmp_path / "t.env").write_text(f"DATABASE_URL={url}\n")
    assert "has no schema yet" in call("api-keys", "list", "--target", "t.env").stderr
    assert f"from nothing to {VERSION}" in call("store", "migrate", "--target", "t.env").stdout
    assert call("api-keys", "create", "acme", "--target", "t.env").stdout.startswith("snk_")
    assert call("api-keys", "list", "--target", "t.env").stdout.endswith("1 keys\n")
