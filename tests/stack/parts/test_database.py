"""The stack's PostgreSQL keeps its data, requires a password, and runs as root too."""

import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts import database
from securenet_obs.stack.parts.database import (
    PostgresAccess,
    create_postgresql_part,
    find_postgresql,
)
from securenet_obs.store import create_store_engine
from tests.stores import required_postgresql


@pytest.mark.slow
@pytest.mark.stack
def test_postgresql_keeps_its_data(tmp_path: Path) -> None:
    """Rows survive a restart, the files are private, and the password is in no argument."""
    required_postgresql()
    access = PostgresAccess(find_free_ports(1)[0])
    with (
        Guard() as guard,
        create_postgresql_part(tmp_path / "a folder", access, guard) as server,
    ):
        engine = create_store_engine(access.url())
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept (a integer)"))
            settings = "fsync", "synchronous_commit", "listen_addresses", "data_directory"
            shown = [connection.scalar(text(f"SHOW {name}")) for name in settings]
        assert shown[:3] == ["on", "on", "127.0.0.1"]
        data = Path(str(shown[3]))
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert not list(data.parent.glob("password"))
        server.stop()
        engine.dispose()
        server.start()
        with engine.begin() as connection:
            assert connection.scalar(text("SELECT count(*) FROM kept")) == 0
        engine.dispose()
        assert access.password not in " ".join(server.command) + repr(access)
        wrong = {"host": "127.0.0.1", "port": access.port, "user": "securenet"}
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(password="wrong", **wrong)  # type: ignore[arg-type]
    assert os.geteuid() != 0 or not data.exists()


def test_the_newest_version_of_debian_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """initdb on PATH comes first; a version that is too old is not used."""
    monkeypatch.setattr(database, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/13/bin:/bin:/usr/bin")
    with pytest.raises(StackError, match="PostgreSQL 15 or newer is not installed"):
        find_postgresql()
    for version in (9, 13, 15, 16):
        folder = tmp_path / str(version) / "bin"
        folder.mkdir(parents=True)
        (folder / "initdb").write_text(f"#!/bin/sh\necho 'initdb (PostgreSQL) {version}.1'\n")
        (folder / "initdb").chmod(0o755)
    assert find_postgresql() == tmp_path / "16" / "bin"
    monkeypatch.setenv("PATH", f"{tmp_path}/15/bin:/bin:/usr/bin")
    assert find_postgresql() == tmp_path / "15" / "bin"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_root_without_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the users that would do, or the missing program."""
    required_postgresql()
    access = PostgresAccess(1)
    with Guard() as guard:
        with monkeypatch.context() as without_users:
            without_users.setattr(database, "USERS", ("nobody-here",))
            with pytest.raises(StackError, match="nobody-here"):
                create_postgresql_part(tmp_path, access, guard)
        which = shutil.which
        monkeypatch.setattr(
            shutil, "which", lambda name: None if name == "setpriv" else which(name)
        )
        with pytest.raises(StackError, match="run the command as another user"):
            create_postgresql_part(tmp_path, access, guard)
