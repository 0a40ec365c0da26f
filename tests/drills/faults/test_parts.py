"""Faults of parts are in effect during the block, and undone after it, also after an error."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from securenet_obs.drills.faults import parts
from securenet_obs.drills.faults.proxy import Proxy


def test_the_store_is_locked_during_the_block(tmp_path: Path) -> None:
    """No other connection can write; afterwards one can."""
    path = tmp_path / "store.sqlite3"
    stack: Any = SimpleNamespace(environment={"DATABASE_URL": f"sqlite:///{path}"})
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("CREATE TABLE t (n INTEGER)")
        with (
            parts.lock_store(stack),
            pytest.raises(sqlite3.OperationalError, match="database is locked"),
        ):
            other.execute("INSERT INTO t VALUES (1)")
        assert other.execute("INSERT INTO t VALUES (1)").rowcount == 1


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_a_stopped_part_is_started_again(error: type[Exception] | None) -> None:
    """It is stopped by the given function, and started after the block, however that ends."""
    actions: list[Any] = []
    stack: Any = SimpleNamespace(parts={"worker": "the worker"}, start_part=actions.append)

    def inject() -> None:
        with parts.keep_part_stopped(stack, "worker", stop=actions.append):
            actions.append("block")
            if error:
                raise error

    if error:
        with pytest.raises(error):
            inject()
    else:
        inject()
    assert actions == ["the worker", "block", "worker"]


def test_traffic_is_dropped_during_the_block() -> None:
    """The proxy passes traffic again afterwards."""
    proxy = Proxy(1)
    with parts.drop_traffic(proxy):
        assert proxy.drops_traffic
    assert not proxy.drops_traffic


def test_full_disk_is_undone() -> None:
    """API and worker write to /dev/full during the block, and restart with their own command."""
    restarts: list[tuple[str, Any]] = []
    command = SimpleNamespace(command=["serve", "it"])
    stack: Any = SimpleNamespace(
        parts={"api": command, "worker": command},
        restart_part=lambda name, command=None: restarts.append((name, command)),
    )
    with parts.fill_log_disk(stack):
        assert [name for name, _ in restarts] == ["api", "worker"]
        assert all(">/dev/full" in arguments[2] for _, arguments in restarts)
        assert all(arguments[-2:] == ["serve", "it"] for _, arguments in restarts)
    assert restarts[2:] == [("api", None), ("worker", None)]
