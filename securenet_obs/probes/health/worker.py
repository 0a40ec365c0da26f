"""Health of one worker: a canary in its direct queue is executed, or all its processes are busy.

A worker that answers pings may consume nothing, for hours: only an executed task proves it.
"""

import json
import math
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from celery import states
from kombu import Exchange, Queue
from redis.client import PubSub

from securenet_obs.probes.celery.client import create_celery_client, open_inspector, query_workers
from securenet_obs.probes.celery.names import DIRECT_PREFIX, RESULT_PREFIX
from securenet_obs.probes.celery.redis_reading import TIMEOUT_S, open_redis, translate_redis_errors
from securenet_obs.probes.health.health import Health
from securenet_obs.probes.markers import generate_canary
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import Settings
from securenet_obs.suggestions import did_you_mean

CANARY_TASK = "securenet_obs.workers.tasks.echo_canary"

_ROUND_S = 0.5
"""Seconds to wait for the canary before the worker is asked for its running tasks."""

_ANSWER_S = 2.0
"""Seconds to wait for a worker's answer to a question, and for those of all workers."""

_OVERTIME_S = 60.0
"""Seconds by which a task may exceed its hard time limit before its worker counts as stuck."""


def probe_worker(settings: Settings, name: str, deadline_s: float) -> Health:
    """Send a canary to one worker and wait for its execution.

    A worker is healthy if it executes the canary, or if each of its processes executes a task
    within its time limit. A canary that is not executed is withdrawn, or expires.

    Args:
        settings: those of the target.
        name: name of the worker, such as `worker@host`.
        deadline_s: seconds to wait for the execution.

    Raises:
        SettingsError: REDIS_URL or RESULT_URL is not a Redis URL.
        ForbiddenError: Redis refuses access.
        RefusedError: Redis executes no writes now.
        UnreachableError: Redis does not answer.
    """
    deadline = Deadline.after(deadline_s)
    task_id = str(uuid.uuid4())
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
        results.pubsub(ignore_subscribe_messages=True) as subscription,
    ):
        subscription.subscribe(RESULT_PREFIX + task_id)
        subscription.get_message(timeout=TIMEOUT_S)  # the confirmation
        began = time.monotonic()
        _send(settings, name, task_id, deadline_s)
        busy = ""
        while not busy:
            if meta := _receive(subscription, min(_ROUND_S, deadline.left_s)):
                return _judge(name, meta, time.monotonic() - began)
            if deadline.has_passed:
                break
            busy = _describe_busy(settings, name, task_id, min(_ANSWER_S, deadline.left_s))
    _withdraw(settings, name, task_id)
    return Health(name, bool(busy), busy or _explain(settings, name, deadline_s))


def build_direct_queue(name: str) -> Queue:
    """Return a worker's direct queue, without an exchange: it leaves no binding in Redis."""
    return Queue(DIRECT_PREFIX + name, Exchange(""), DIRECT_PREFIX + name)


def _send(settings: Settings, name: str, task_id: str, expires_s: float) -> None:
    """Queue the canary; the list of a worker that is gone expires."""
    queue = build_direct_queue(name)
    app = create_celery_client(settings)
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
    ):
        broker.ping()
        app.send_task(
            CANARY_TASK,
            [generate_canary()],
            task_id=task_id,
            expires=expires_s,
            queue=queue,
        )
        broker.expire(queue.name, math.ceil(expires_s) + 60)


def _withdraw(settings: Settings, name: str, task_id: str) -> None:
    """Remove a canary that the worker has not taken."""
    queue, mark = DIRECT_PREFIX + name, task_id.encode()
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
    ):
        messages: Any = broker.lrange(queue, 0, -1)
        for message in messages:
            if mark in message:
                broker.lrem(queue, 0, message)


def _receive(subscription: PubSub, timeout_s: float) -> Any:
    """Return the final state that the worker published; None if there is none in time."""
    message = subscription.get_message(timeout=timeout_s)
    return None if message is None else json.loads(message["data"])


def _judge(name: str, meta: Mapping[str, Any], seconds: float) -> Health:
    state, result = meta["status"], meta["result"]
    if state != states.SUCCESS:
        return Health(name, False, f"the canary ended as {state}")
    if result["hostname"] != name:
        return Health(name, False, f"another worker executed the canary: {result['hostname']}")
    return Health(name, True, f"a canary was executed in {seconds:.3f} s")


def _describe_busy(settings: Settings, name: str, canary: str, timeout_s: float) -> str:
    """Return that every process of the worker executes a task; empty if not, or if one is stuck.

    The canary, which a slow machine may execute meanwhile, does not count.
    """
    with open_inspector(settings, timeout_s) as inspect:
        inspect.destination = [name]
        stats, active = query_workers(inspect, "stats", "active")
    if name not in stats:
        return ""
    pool = stats[name]["pool"]
    tasks = [task for task in active.get(name, []) if task["id"] != canary]
    processes, oldest_s = len(pool["processes"]), _find_oldest_s(tasks)
    limit_s = (pool.get("timeouts") or [0, 0])[1] or math.inf
    if len(tasks) < processes or oldest_s > limit_s + _OVERTIME_S:
        return ""
    return f"busy: {processes} of {processes} processes execute tasks, one for {oldest_s:.0f} s"


def _find_oldest_s(tasks: Sequence[Mapping[str, Any]]) -> float:
    """Return for how many seconds the oldest of the running tasks has run; 0 without any."""
    now = time.time()
    return max((now - task["time_start"] for task in tasks if task["time_start"]), default=0.0)


def _explain(settings: Settings, name: str, deadline_s: float) -> str:
    """Return why a worker is not healthy: it answers pings, or does not, or does not exist."""
    failure = f"no canary was executed within {deadline_s:g} s"
    with open_inspector(settings, _ANSWER_S) as inspect:
        names = sorted(inspect.ping() or {})
    if name in names:
        return f"{failure}, although the worker answers pings; restart it"
    others = ", ".join(names) or "none"
    suggestion = did_you_mean(name, names)
    return f"{failure}, and no ping answered. Workers that answer: {others}.{suggestion}"
