"""Faults of Redis for runbooks: it refuses writes, its memory is full, it has evicted tasks."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis

from securenet_obs.drills.faults.parts import SERVICES
from securenet_obs.drills.faults.redis_states import hold_state
from securenet_obs.drills.faults.signals import pause
from securenet_obs.errors import StackError
from securenet_obs.probes.celery.client import create_celery_client
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.parts.services import build_worker_command
from securenet_obs.workers.names import LEDGER_SENT_KEY, QUEUES, RESULT_PREFIX
from securenet_obs.workers.windows import WINDOW_HEADER

_RESULTS = 4_000
_RESULT_BYTES = 2_000
_OVERFULL = 0.98

SCANS = "scans"
_DISPATCHER = "securenet_obs.workers.tasks.dispatch_vulnerability_scans"
OTHER_QUEUES = tuple(queue for queue in QUEUES if queue != SCANS)
_DISPATCHES = 20
_DISPATCHED_S = 20.0
_EXPIRES_S = 2
_QUIET_S = 0.5
_SAMPLES = 64
_DEFAULT_SAMPLES = 5
_ATTEMPTS = 20
_STEP_BYTES = 500
_COMMANDS = 3


@contextmanager
def make_replica(stack: LocalStack) -> Iterator[None]:
    """Make Redis a replica of a master that does not answer; a master after the block."""
    with hold_state(stack, "READONLY"):
        yield


@contextmanager
def fill_with_results(stack: LocalStack) -> Iterator[None]:
    """Fill the memory with results that never expire, as of a client without `result_expires`."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        results = {f"{RESULT_PREFIX}{uuid.uuid4()}": _make_result() for _ in range(_RESULTS)}
        client.mset(results)
        info: Any = client.info("memory")
        limit: Any = client.config_get("maxmemory")
        # Less than is used, so that Redis stays full when a client closes its buffers.
        client.config_set("maxmemory", int(_OVERFULL * info["used_memory"]))
        try:
            yield
        finally:
            client.config_set("maxmemory", limit["maxmemory"])
            client.unlink(*results)


@contextmanager
def evict_scans(stack: LocalStack) -> Iterator[None]:
    """Let Redis evict the queue of the scans while no worker consumes it."""
    stack.restart_part("worker", command=build_worker_command(queues=OTHER_QUEUES))
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as broker:
        lost = dispatch_scans(stack, broker)
        try:
            # Clients that work meanwhile need memory, for which Redis would evict more.
            with ExitStack() as paused:
                for name in SERVICES:
                    paused.enter_context(pause(stack.parts[name]))
                time.sleep(_QUIET_S)
                evict(broker, SCANS)
            stack.restart_part("worker")
            yield
        finally:
            broker.config_set("maxmemory-policy", "noeviction")
            broker.config_set("maxmemory-samples", _DEFAULT_SAMPLES)
            broker.config_resetstat()
            forget_records(broker, lost)
            if stack.parts["worker"].command != build_worker_command():
                stack.restart_part("worker")


def dispatch_scans(stack: LocalStack, broker: Any) -> set[str]:
    """Let the worker send scans of every tenant, which wait then; return their ids.

    Raises:
        StackError: the worker did not do it in time.
    """
    settings = Settings(redis_url=stack.environment["REDIS_URL"])
    app = create_celery_client(settings)
    results = []
    for _ in range(_DISPATCHES):
        headers = {WINDOW_HEADER: f"incident {uuid.uuid4()}"}
        sent = app.send_task(_DISPATCHER, queue="default", headers=headers)
        results.append(RESULT_PREFIX + sent.id)
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        if not poll_until(
            lambda: client.exists(*results) == len(results), deadline_s=_DISPATCHED_S
        ):
            raise StackError(f"The scans were not dispatched within {_DISPATCHED_S:g} s.")
    return {json.loads(message)["headers"]["id"] for message in broker.lrange(SCANS, 0, -1)}


def evict(broker: Any, key: str) -> None:
    """Let Redis evict a key; afterwards its policy may evict any, and the limit is as before.

    The key is chosen by the policy volatile-ttl, which evicts the one that expires next. A result
    may be evicted, too; keys without expiry, such as other queues and the ledger, are not.

    Raises:
        StackError: Redis did not evict it.
    """
    limit, evicted = broker.config_get("maxmemory")["maxmemory"], _count_evicted(broker)
    broker.config_set("maxmemory-samples", _SAMPLES)
    broker.config_set("maxmemory-policy", "volatile-ttl")
    broker.expire(key, _EXPIRES_S)
    try:
        for number in range(_ATTEMPTS):
            # A part that INFO names is not counted; a little less each time hits few keys.
            memory = broker.info("memory")
            counted = memory["used_memory"] - memory["mem_not_counted_for_evict"]
            broker.config_set("maxmemory", counted - number * _STEP_BYTES)
            was_evicted = not all(broker.exists(key) for _ in range(_COMMANDS))
            # Before the next look, which would evict another key.
            broker.config_set("maxmemory", limit)
            if was_evicted:
                break
    finally:
        broker.config_set("maxmemory", limit)
        broker.config_set("maxmemory-policy", "allkeys-lru")
        broker.persist(key)
    if broker.exists(key) or _count_evicted(broker) == evicted:
        raise StackError(f"Redis did not evict {key}.")


def _count_evicted(broker: Any) -> int:
    return int(broker.info("stats")["evicted_keys"])


def forget_records(broker: Any, lost: set[str]) -> None:
    """Delete the ledger's records of the tasks that were lost."""
    for number, fields in broker.xrange(LEDGER_SENT_KEY):
        if fields[b"id"].decode() in lost:
            broker.xdel(LEDGER_SENT_KEY, number)


def _make_result() -> str:
    return json.dumps({"status": "SUCCESS", "result": "x" * _RESULT_BYTES, "children": []})
