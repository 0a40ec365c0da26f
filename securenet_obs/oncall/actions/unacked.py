"""Messages that workers hold, each with its holder; puts those back that no process holds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from redis import Redis

from securenet_obs.oncall.actions.step import Action
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.probes.celery.queue_keys import SEPARATOR, list_queue_keys
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_fixes.lease import LEASE_S, Lease
from securenet_obs.workers.celery_fixes.requests import STARTS_KEY
from securenet_obs.workers.names import HELD_KEY, LEASES_KEY, UNACKED_INDEX_KEY, UNACKED_KEY

MAX_MESSAGES = 10_000
"""Maximum number of held messages that are read."""

Holder = Literal["living worker", "dead worker", "worker without lease", "nobody"]
"""`dead worker`: its lease has expired. `nobody`: no lease, and no worker that answers has it."""

_ANSWER_S = 2.0
_STEPS = (9, 6, 3, 0)
_CHUNK = 500


@dataclass(frozen=True)
class HeldMessage:
    """A message that was delivered and is not acknowledged.

    Args:
        tag: its delivery tag.
        owner: owner of the lease; empty without one.
        content: its record.
        task_id: id of the task; empty if it cannot be read.
        task: name of the task.
        queue: routing key.
        held_s: seconds since its delivery.
        holder: the process that holds it.
        is_due: False if it waits for a time in the future.
    """

    tag: str
    owner: str
    content: bytes
    task_id: str
    task: str
    queue: str
    held_s: float
    holder: Holder
    is_due: bool


@dataclass(frozen=True)
class _Leases:
    """Owners of messages, and the ids of the tasks that workers which answer have."""

    owners: Mapping[str, str]
    living: frozenset[str]
    answered: frozenset[str]
    now: float


def read_held(settings: Settings) -> tuple[list[HeldMessage], int]:
    """Return the held messages, the oldest first, and the number of living leases.

    Raises:
        ForbiddenError, RefusedError, UnreachableError: as every probe.
    """
    # Before the messages are read: one that a worker takes meanwhile has a lease then.
    answered = _ask_workers(settings) if _has_unowned(settings) else frozenset()
    url = settings.redis_url
    with translate_redis_errors(url, "REDIS_URL"), open_redis(url, "REDIS_URL") as broker:
        leases = _read_leases(broker, answered)
        found: list[Any] = list(islice(broker.hscan_iter(UNACKED_KEY, count=_CHUNK), MAX_MESSAGES))
        times = _read_times(broker, [tag for tag, _ in found])
    if not leases.living:
        # Leases expire in a Redis that refuses writes, too: a question to workers is refused there.
        _ask_workers(settings)
    messages = [
        _describe(tag.decode(), content, at, leases)
        for (tag, content), at in zip(found, times, strict=True)
    ]
    return sorted(messages, key=lambda row: -row.held_s), len(leases.living)


def _has_unowned(settings: Settings) -> bool:
    """Return whether there are more messages than owners: only their holders must be asked for."""
    url = settings.redis_url
    with translate_redis_errors(url, "REDIS_URL"), open_redis(url, "REDIS_URL") as broker:
        return int(broker.hlen(UNACKED_KEY)) > int(broker.hlen(HELD_KEY))


def _ask_workers(settings: Settings) -> frozenset[str]:
    with open_inspector(settings, _ANSWER_S) as inspect:
        answers = query_workers(inspect, "active", "reserved", "scheduled")
    rows = [row for answer in answers for tasks in answer.values() for row in tasks]
    return frozenset(str(row.get("request", row).get("id")) for row in rows)


def _read_leases(broker: Redis, answered: frozenset[str]) -> _Leases:
    seconds, microseconds = broker.time()  # type: ignore[misc]
    now = seconds + microseconds / 1e6
    owners: Any = broker.hgetall(HELD_KEY)
    living: Any = broker.zrangebyscore(LEASES_KEY, now - LEASE_S, "+inf")
    return _Leases(
        {tag.decode(): owner.decode() for tag, owner in owners.items()},
        frozenset(owner.decode() for owner in living),
        answered,
        now,
    )


def _read_times(broker: Redis, tags: Iterable[bytes]) -> list[float | None]:
    with broker.pipeline(transaction=False) as pipeline:
        for tag in tags:
            pipeline.zscore(UNACKED_INDEX_KEY, tag.decode())
        return pipeline.execute()


def _describe(tag: str, content: bytes, at: float | None, leases: _Leases) -> HeldMessage:
    headers, queue = _parse(content)
    owner, task_id = leases.owners.get(tag, ""), str(headers.get("id", ""))
    return HeldMessage(
        tag,
        owner,
        content,
        task_id,
        str(headers.get("task", "unknown")),
        queue,
        max(0.0, leases.now - at) if at else 0.0,
        _name_holder(owner, task_id, leases),
        _is_due(headers.get("eta"), leases.now),
    )


def _name_holder(owner: str, task_id: str, leases: _Leases) -> Holder:
    if owner:
        return "living worker" if owner in leases.living else "dead worker"
    return "worker without lease" if task_id in leases.answered else "nobody"


def _parse(content: bytes) -> tuple[Mapping[str, Any], str]:
    try:
        message, _, routing_key = json.loads(content)
        return message["headers"], str(routing_key)
    except (ValueError, TypeError, LookupError):
        return {}, "unknown"


def _is_due(eta: Any, now: float) -> bool:
    try:
        return datetime.fromisoformat(eta).timestamp() <= now
    except (ValueError, TypeError):
        return True


def restore_messages(settings: Settings, min_age_s: float) -> Action:
    """Return the action that puts the messages back that no process holds.

    Args:
        settings: those of the target.
        min_age_s: seconds for which a message was held at least.
    """

    def run() -> str:
        held, _ = read_held(settings)
        restored = _restore(settings, find_stuck(held, min_age_s))
        return f"{restored} messages were put back into their queues"

    return Action(
        "restore_messages",
        f"put each message that nobody holds, for {min_age_s:g} s or longer, back into its queue",
        "none: a worker executes the tasks, which are idempotent",
        lambda: {"min_age_s": f"{min_age_s:g}"},
        run,
    )


def find_stuck(held: Iterable[HeldMessage], min_age_s: float) -> list[HeldMessage]:
    """Return the messages without a live holder that are old enough not to be on their way."""
    return [row for row in held if row.holder == "nobody" and row.held_s >= min_age_s]


def _restore(settings: Settings, messages: Iterable[HeldMessage]) -> int:
    lease, restored = Lease(), 0
    url = settings.redis_url
    with translate_redis_errors(url, "REDIS_URL"), open_redis(url, "REDIS_URL") as broker:
        for row in messages:
            queues, message = _locate(broker, row.content)
            if queues:
                held = (row.tag, row.owner, row.content)
                restored += lease.restore(broker, held, queues, message, first=True)
    return restored


def _locate(broker: Redis, content: bytes) -> tuple[Sequence[str], str]:
    """Return the lists of a message, and the message, marked as redelivered; none if unreadable."""
    try:
        message, exchange, routing_key = json.loads(content)
        message["headers"]["redelivered"] = True
        message["properties"]["delivery_info"]["redelivered"] = True
        priority = int(message["properties"].get("priority") or 0)
    except (ValueError, TypeError, LookupError):
        return [], ""
    step = next((step for step in _STEPS if step <= priority), 0)
    suffix = f"{SEPARATOR}{step}" if step else ""
    names = _find_queues(broker, exchange, routing_key) if exchange else [routing_key]
    return [f"{name}{suffix}" for name in names], json.dumps(message)


def _find_queues(broker: Redis, exchange: str, routing_key: str) -> list[str]:
    """Return the queues that are bound to an exchange with this key."""
    members: Any = broker.smembers(f"_kombu.binding.{exchange}")
    bindings = [member.decode().split(SEPARATOR) for member in members]
    return sorted(row[-1] for row in bindings if row[0] == routing_key)


def describe_messages(messages: Sequence[HeldMessage]) -> str:
    """Return the number of messages and the age of the oldest, as text."""
    if not messages:
        return "none"
    oldest = max(row.held_s for row in messages)
    return f"{len(messages)}, the oldest for {oldest:.0f} s"


def count_restarted(settings: Settings, messages: Iterable[HeldMessage]) -> int:
    """Return how many of the tasks were started after an earlier delivery, and did not end."""
    keys = [STARTS_KEY.format(task_id=row.task_id) for row in messages if row.task_id]
    with (
        translate_redis_errors(settings.results, "RESULT_URL"),
        open_redis(settings.results, "RESULT_URL") as results,
    ):
        starts: Any = results.mget(keys) if keys else []
    return sum(number is not None for number in starts)


def read_next_ids(settings: Settings, queues: Iterable[str]) -> set[str]:
    """Return the ids of the tasks that are next in queues, at most `MAX_MESSAGES` of each list."""
    url = settings.redis_url
    ids: set[str] = set()
    with translate_redis_errors(url, "REDIS_URL"), open_redis(url, "REDIS_URL") as broker:
        for queue in queues:
            for key in list_queue_keys(queue):
                messages: Any = broker.lrange(key, -MAX_MESSAGES, -1)
                ids |= {_read_id(message) for message in messages}
    return ids - {""}


def _read_id(message: bytes) -> str:
    try:
        return str(json.loads(message)["headers"]["id"])
    except (ValueError, TypeError, LookupError):
        return ""
