"""Workers are alive while they give signs of life."""

from typing import Any
from unittest.mock import MagicMock

import pytest
from redis.exceptions import OutOfMemoryError

from securenet_obs.distributed.connection import connect
from securenet_obs.distributed.presence import announce, living_workers, require_workers, withdraw
from securenet_obs.errors import UnreachableError
from securenet_obs.processes.ports import find_free_ports

pytestmark = pytest.mark.stack


def test_a_worker_is_alive_until_it_ends(client: Any) -> None:
    """Without any worker nothing is sent, and the message shows how to start one."""
    announce(client, "b@host")
    announce(client, "a@host")
    assert [row["name"] for row in living_workers(client)] == ["a@host", "b@host"]
    require_workers(client)
    withdraw(client, "a@host")
    withdraw(client, "b@host")
    with pytest.raises(UnreachableError, match=r"celery --app securenet_obs\.distributed"):
        require_workers(client)


def test_a_redis_that_does_not_answer_is_unreachable() -> None:
    """Giving a sign of life waits for the next time; asking is an error."""
    client = connect(f"redis://127.0.0.1:{find_free_ports(1)[0]}/0")
    announce(client, "a@host")
    with pytest.raises(UnreachableError, match="VALIDATION_BROKER_URL"):
        living_workers(client)


def test_a_redis_without_memory_is_not_a_lack_of_workers(client: Any) -> None:
    """Signs of life expire there, and no new one is taken; a worker more would not help."""
    full = MagicMock(wraps=client)
    full.set.side_effect = OutOfMemoryError("command not allowed when used memory > 'maxmemory'")
    announce(full, "a@host")
    with pytest.raises(
        UnreachableError, match="takes no writes: OutOfMemoryError; it has no memory"
    ):
        require_workers(full)
