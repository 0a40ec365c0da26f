"""Faults of Redis and its network, worker, store, Bugsink and log disk, as context managers."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial

import httpx
import redis
from sqlalchemy import URL, create_engine, make_url, text

from securenet_obs.drills.faults.proxy import Proxy
from securenet_obs.drills.faults.signals import kill_children
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.part import Part

SERVICES = ("api", "worker", "beat")

_RECONNECTING_S = (0.0, 0.1, 0.3, 0.6, 1.0)
_REDIS_URLS = ("REDIS_URL", "RESULT_URL")

_LOAD_DELAY_US = 10_000
"""Microseconds that Redis takes for each command of its append-only file; there are thousands."""


@contextmanager
def restart_redis(stack: LocalStack) -> Iterator[None]:
    """Restart Redis quickly, repeatedly while its clients reconnect, then keep it stopped."""
    for reconnecting_s in _RECONNECTING_S:
        stack.restart_part("redis")
        time.sleep(reconnecting_s)
    with keep_part_stopped(stack, "redis"):
        yield


@contextmanager
def load_redis_slowly(stack: LocalStack) -> Iterator[None]:
    """Restart Redis so that it needs seconds to load its data, and answers LOADING meanwhile."""
    command = [*stack.parts["redis"].command, "--key-load-delay", str(_LOAD_DELAY_US)]
    stack.restart_part("redis", command=command, wait=False)
    try:
        yield
    finally:
        stack.restart_part("redis")


@contextmanager
def keep_part_stopped(
    stack: LocalStack, name: str, stop: Callable[[Part], object] = Part.stop
) -> Iterator[None]:
    """Stop a part, gracefully by default, and start it again after the block."""
    stop(stack.parts[name])
    try:
        yield
    finally:
        stack.start_part(name)


@contextmanager
def kill_redis_connections(stack: LocalStack) -> Iterator[None]:
    """Close every connection from Redis's side, repeatedly."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:

        def disconnect_clients() -> None:
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)

        with _repeat(disconnect_clients, every_s=0.1):
            yield


@contextmanager
def _repeat(action: Callable[[], object], every_s: float) -> Iterator[None]:
    """Call `action` every `every_s` seconds in a thread during the block."""
    over = threading.Event()

    def repeat_action() -> None:
        while not over.wait(every_s):
            action()

    thread = threading.Thread(target=repeat_action)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def route_through_proxy(stack: LocalStack) -> Iterator[Proxy]:
    """Put a proxy between Redis and the services; other clients still connect directly."""
    port = make_url(stack.environment["REDIS_URL"]).port
    assert port is not None
    with Proxy(port) as proxy:
        urls = {
            name: stack.environment[name].replace(f":{port}/", f":{proxy.port}/")
            for name in _REDIS_URLS
        }
        for name in SERVICES:
            stack.restart_part(name, urls)
        yield proxy


@contextmanager
def drop_traffic(proxy: Proxy) -> Iterator[None]:
    """Drop all traffic through a proxy, in both directions and without an error."""
    proxy.drops_traffic = True
    try:
        yield
    finally:
        proxy.drops_traffic = False


@contextmanager
def kill_worker_children(stack: LocalStack) -> Iterator[None]:
    """Kill the worker's children while they work, and all their successors.

    The kernel does so while memory is exhausted. A new child takes 30 ms until it can receive a
    task: it is killed before that, or its task would be blamed for the use of memory.
    """
    worker = stack.parts["worker"]
    kill_children(worker)
    with _repeat(partial(kill_children, worker), every_s=0.005):
        yield


@contextmanager
def lock_store(stack: LocalStack) -> Iterator[None]:
    """Hold the store's locks against other writers, as a backup or a forgotten transaction does."""
    url = make_url(stack.environment["DATABASE_URL"])
    lock = _lock_sqlite if url.get_backend_name() == "sqlite" else _lock_postgresql
    with lock(url):
        yield


@contextmanager
def _lock_sqlite(url: URL) -> Iterator[None]:
    assert url.database is not None
    with closing(sqlite3.connect(url.database, timeout=10, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


@contextmanager
def _lock_postgresql(url: URL) -> Iterator[None]:
    # In the order of the tasks' transactions, which would otherwise wait for each other's locks.
    tables = ("submissions", "network_minutes", "dead_letters", "task_effects")
    engine = create_engine(url)
    with engine.connect() as holder:
        holder.execute(text(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE"))
        yield
        holder.rollback()
    engine.dispose()


@contextmanager
def stop_bugsink(stack: LocalStack) -> Iterator[None]:
    """Stop Bugsink while the worker has errors to report."""
    with keep_part_stopped(stack, "bugsink"):
        for number in range(20):
            _raise_task_error(stack.environment, f"drill-{number}")
        yield


def _raise_task_error(environment: dict[str, str], canary: str) -> None:
    httpx.post(
        f"{environment['API_URL']}/v1/diagnostics/error",
        json={"canary": canary, "where": "task", "tenant_id": "tenant-canary", "secret": "none"},
        headers={"X-Diagnostics-Key": environment["DIAGNOSTICS_KEY"]},
        trust_env=False,
        timeout=10,
    ).raise_for_status()


@contextmanager
def fill_log_disk(stack: LocalStack) -> Iterator[None]:
    """Redirect the output of API and worker to /dev/full: no space left on device (ENOSPC)."""
    for name in ("api", "worker"):
        command = stack.parts[name].command
        full = ["/bin/sh", "-c", 'exec "$@" >/dev/full 2>&1', name, *command]
        stack.restart_part(name, command=full)
    try:
        yield
    finally:
        for name in ("api", "worker"):
            stack.restart_part(name)
