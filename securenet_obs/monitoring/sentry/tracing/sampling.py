"""Sampler of traces: rate by operation, the sender's decision, no health checks or polls."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sentry_sdk.types import SamplingContext

HEALTH_PATHS = ("/health/",)
"""Prefixes of the paths of health checks, which are requested several times a minute forever."""

_POLLED_PATHS = ("/v1/tasks/",)
"""Prefixes of paths that a client requests again and again until a task is finished."""

_POLLING_TASKS = frozenset({"republish_submissions"})
"""Tasks that are sent several times a minute forever, to look for work."""

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def traces_sampler(
    default: float, rates: Mapping[str, float]
) -> Callable[[SamplingContext], float] | None:
    """Return a `traces_sampler` function for Sentry; None if no trace is kept.

    For a trace that another process started, the decision of that process holds, so that traces
    are complete. Health checks and polling are never traced: they outnumber everything else, and
    their duration means nothing.

    Args:
        default: rate of operations that `rates` does not name, 0 to 1.
        rates: prefix of an operation's name -> its rate; the longest prefix counts. A request is
            named `POST /v1/tenants/{tenant_id}/logs`, a task `task:its_name`.
    """
    if not default and not any(rates.values()):
        return None
    longest_first = sorted(rates, key=len, reverse=True)
    patterns = [(_pattern(name), rates[name]) for name in longest_first]

    def sample(context: SamplingContext) -> float:
        if _is_polling(context):
            return 0.0
        parent_sampled = context.get("parent_sampled")
        if parent_sampled is not None:
            return float(parent_sampled)
        name = _operation(context)
        return next((rate for pattern, rate in patterns if pattern.match(name)), default)

    return sample


def _is_polling(context: Mapping[str, Any]) -> bool:
    """Return whether an operation is a health check, a poll, or a task that looks for work."""
    if request := context.get("asgi_scope"):
        return f"{_path(request)}/".startswith(HEALTH_PATHS + _POLLED_PATHS)
    task = context.get("celery_job")
    return task is not None and _task_name(task) in _POLLING_TASKS


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(name)))


def _operation(context: Mapping[str, Any]) -> str:
    """Return the operation's name; a request has a path at its start, but not yet a route."""
    if request := context.get("asgi_scope"):
        return f"{request.get('method', '')} {_path(request)}"
    if task := context.get("celery_job"):
        return f"task:{_task_name(task)}"
    return str(context.get("transaction_context", {}).get("name", ""))


def _path(request: Mapping[str, Any]) -> str:
    """Return a request's path as the application's routes name it, without a proxy's prefix."""
    path: str = request["path"]
    return path.removeprefix(request.get("root_path", ""))


def _task_name(task: Mapping[str, Any]) -> str:
    return str(task["task"]).rpartition(".")[2]
