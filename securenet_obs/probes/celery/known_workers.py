"""Known workers: those that answer, and those that have a control queue in Redis."""

from dataclasses import dataclass
from typing import Any

from securenet_obs.errors import ProbeError
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.probes.celery.names import DIRECT_PREFIX
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.settings import Settings

ANSWER_S = 2.0
"""Seconds to wait for the answers of all workers."""

_PIDBOX_BINDING = "_kombu.binding.celery.pidbox"
_PIDBOX = ".celery.pidbox"


@dataclass(frozen=True)
class KnownWorker:
    """A worker that Redis or an alert names.

    Args:
        name: name of the worker, such as `worker@host`.
        answers: whether it answers control commands.
        queues: queues that it consumes, without its direct queue.
        pid: number of its main process on its host; 0 without an answer.
        uptime_s: seconds since its start; 0 without an answer.
    """

    name: str
    answers: bool
    queues: tuple[str, ...] = ()
    pid: int = 0
    uptime_s: float = 0.0


def ask_known_workers(settings: Settings, name: str = "") -> list[KnownWorker]:
    """Return the workers that answer or have a control queue; one that was killed keeps its queue.

    Args:
        settings: those of the target.
        name: name of a worker, for this one alone; empty for all.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    with open_inspector(settings, ANSWER_S) as inspect:
        queues, stats = query_workers(inspect, "active_queues", "stats")
    names = {name} if name else {*queues, *read_worker_names(settings)}
    return [_describe(worker, queues.get(worker), stats.get(worker)) for worker in sorted(names)]


def describe_silence(settings: Settings) -> str:
    """Return why a task that was sent may not have begun: no worker answers, or Redis does not.

    Empty if a worker answers, and for a target without REDIS_URL.
    """
    if "redis_url" not in settings.model_fields_set:
        return ""
    try:
        known = ask_known_workers(settings)
    except ProbeError as error:
        return str(error).rstrip(".")
    if any(worker.answers for worker in known):
        return ""
    names = ", ".join(worker.name for worker in known)
    return f"no worker answers, not {names}" if names else "no worker answers"


def _describe(name: str, queues: Any, stats: Any) -> KnownWorker:
    own = sorted(queue["name"] for queue in queues or ())
    consumed = tuple(queue for queue in own if not queue.startswith(DIRECT_PREFIX))
    if not stats:
        return KnownWorker(name, queues is not None, consumed)
    return KnownWorker(name, queues is not None, consumed, stats["pid"], float(stats["uptime"]))


def read_worker_names(settings: Settings) -> set[str]:
    """Return the names of the workers that have a control queue, also of one that was killed.

    Raises:
        UnreachableError, ForbiddenError, RefusedError: as every probe.
    """
    with (
        translate_redis_errors(settings.redis_url, "REDIS_URL"),
        open_redis(settings.redis_url, "REDIS_URL") as broker,
    ):
        members: Any = broker.smembers(_PIDBOX_BINDING)
    names = (member.decode().rsplit("\x16", 1)[-1] for member in members)
    return {name.removesuffix(_PIDBOX) for name in names if name.endswith(_PIDBOX)}
