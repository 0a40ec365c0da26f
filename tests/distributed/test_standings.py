"""Standings in Redis: one notification among all processes, and an error without Redis."""

import threading
from typing import Any

import pytest

from securenet_obs.distributed import standings
from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.names import STANDINGS_KEY, STANDINGS_LOCK_KEY
from securenet_obs.distributed.standings import shared_standings
from securenet_obs.errors import NotificationError


@pytest.mark.stack
def test_processes_advance_the_standings_one_after_another(client: Any) -> None:
    """No run is lost: each process reads what the one before has written."""

    def advance(name: str) -> None:
        for at in range(5):
            with shared_standings(client) as rows:
                rows.take(name, "staging", "failed", float(at))

    names = ["a", "b", "c"]
    threads = [threading.Thread(target=advance, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with shared_standings(client) as rows:
        assert {key: row.runs for key, row in rows.rows.items()} == {
            f"{name} on staging": 5 for name in names
        }


@pytest.mark.stack
def test_standings_of_another_shape_count_as_none(client: Any) -> None:
    """They are replaced with the next run."""
    client.set(STANDINGS_KEY, "[1]")
    with shared_standings(client) as rows:
        assert rows.rows == {}
        rows.take("a", "staging", "passed", 1.0)
    with shared_standings(client) as rows:
        assert list(rows.rows) == ["a on staging"]


@pytest.mark.stack
def test_a_lock_that_is_held_is_an_error(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is notified twice; the next run notifies."""
    monkeypatch.setattr(standings, "LOCK_WAIT_S", 0.1)
    client.set(STANDINGS_LOCK_KEY, "another process", ex=60)
    with pytest.raises(NotificationError, match="LockError; changes are notified with the next"):
        shared_standings(client).__enter__()


def test_a_redis_that_does_not_answer_is_an_error() -> None:
    """The message has no address and no password."""
    with pytest.raises(NotificationError, match="ConnectionError") as caught:
        shared_standings(connect("redis://:secret@127.0.0.1:1/0")).__enter__()
    assert "secret" not in str(caught.value)
