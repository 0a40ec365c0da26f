"""First look at a target, in a second and without pandas: queues, messages in flight, workers."""

from collections.abc import Iterable, Sequence
from typing import Any

from securenet_obs.errors import ProbeError
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.probes.celery.names import UNACKED_KEY
from securenet_obs.probes.celery.queue_keys import list_queue_keys
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings

ANSWER_S = 1.0
"""Seconds in which a worker must answer."""


def glance(settings: Settings, queues: Sequence[str] = ()) -> str:
    """Return a sentence about some queues and all workers, or why Redis cannot be read."""
    try:
        return f"{_describe_queues(settings, queues)}; {_describe_workers(settings, queues)}"
    except ProbeError as error:
        return str(error)


def _describe_queues(settings: Settings, queues: Sequence[str]) -> str:
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
    ):
        depths: dict[str, Any] = {
            queue: sum(int(broker.llen(key)) for key in list_queue_keys(queue)) for queue in queues
        }
        in_flight = broker.hlen(UNACKED_KEY)
    waiting = [f"{depth} messages wait in {queue}" for queue, depth in depths.items()]
    return ", ".join([*waiting, f"{in_flight} are in flight"])


def _describe_workers(settings: Settings, queues: Sequence[str]) -> str:
    with open_inspector(settings, ANSWER_S) as inspect:
        (answers,) = query_workers(inspect, "active_queues")
    names = {
        worker: {queue["name"] for queue in own or ()} for worker, own in sorted(answers.items())
    }
    consumers = [
        f"{queue} is consumed by {_join(name for name, own in names.items() if queue in own)}"
        for queue in queues
    ]
    return ", ".join([f"workers that answer within {ANSWER_S:g} s: {_join(names)}", *consumers])


def _join(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
