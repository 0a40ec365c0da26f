"""Faults of parts are in effect during the block, and undone after it, also after an error."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from securenet_obs.drills.faults import parts
from securenet_obs.drills.faults.proxy import Proxy
from securenet_obs.errors import StoreUnavailableError
from securenet_obs.store import REQUEST, NetworkMinute, ensure_tenant, insert_once, session_scope


def test_the_store_is_locked_during_the_block(empty_store: str) -> None:
    """No other connection can write; afterwards one can."""
    stack: Any = SimpleNamespace(environment={"DATABASE_URL": empty_store})
    with parts.lock_store(stack), pytest.raises(StoreUnavailableError):
        _write_row()
    _write_row()


def _write_row() -> None:
    with session_scope(REQUEST) as session:
        insert_once(
            session,
            NetworkMinute,
            tenant_id=ensure_tenant(session, "acme").tenant_id,
            minute=datetime.now(UTC),
        )


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
