"""Faults of the shared PostgreSQL: none of them lasts longer than its block."""

import psutil
import psycopg
import pytest

from tests.stores import PostgresServer, libpq_url
from tests.waiting import eventually

pytestmark = pytest.mark.stack

ROUNDS = 15
"""Attempts to stop a server while backends exit: a third of them hit a backend that is gone."""


def statuses(server: PostgresServer) -> set[str]:
    """Return the statuses of the server's processes, but not of those that have ended.

    A backend of another test may be exiting: while the leader is stopped it remains as a zombie.
    """
    leader = psutil.Process(server.part.pid)
    found = {one.status() for one in (leader, *leader.children())}
    return found - {psutil.STATUS_ZOMBIE}


def test_every_process_stops_and_goes_on(postgresql: PostgresServer) -> None:
    """The processes include the backend of a connection."""
    with psycopg.connect(libpq_url(postgresql.access.url())) as connection:
        with postgresql.stopped():
            assert eventually(lambda: statuses(postgresql) == {psutil.STATUS_STOPPED})
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert psutil.STATUS_STOPPED not in statuses(postgresql)


def test_a_server_stops_while_its_backends_exit(postgresql: PostgresServer) -> None:
    """A backend that is gone before its signal neither fails the test nor leaves others stopped."""
    url = libpq_url(postgresql.access.url())
    for _ in range(ROUNDS):
        connections = [psycopg.connect(url) for _ in range(5)]
        for connection in connections:
            connection.close()
        with postgresql.stopped():
            pass
        psycopg.connect(url, connect_timeout=30).close()


@pytest.mark.parametrize("failing", ["suspend", "children"])
def test_a_server_goes_on_after_a_failed_stop(
    postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """The leader is resumed if the stopping itself is interrupted."""
    suspend = psutil.Process.suspend

    def interrupt(process: psutil.Process) -> None:
        if failing == "suspend":
            suspend(process)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, failing, interrupt)
        with pytest.raises(KeyboardInterrupt), postgresql.stopped():
            pass
    psycopg.connect(libpq_url(postgresql.access.url()), connect_timeout=30).close()
    assert psutil.STATUS_STOPPED not in statuses(postgresql)


def test_a_failed_block_leaves_no_read_only_store(postgresql: PostgresServer) -> None:
    """Writes are refused in the block, and succeed after it."""
    store = postgresql.create_store()

    def write() -> None:
        with psycopg.connect(libpq_url(store)) as connection:
            connection.execute("CREATE TABLE written ()")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), postgresql.read_only(store):
        write()
    write()
