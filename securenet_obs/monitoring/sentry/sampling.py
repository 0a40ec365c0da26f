"""Samples traces, at a rate for each operation; errors are not affected."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sentry_sdk.types import SamplingContext

UNTRACED_PATHS = ("/health/",)
"""Prefixes of paths that are requested several times a minute forever, and never traced."""

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def traces_sampler(
    default: float, rates: Mapping[str, float]
) -> Callable[[SamplingContext], float] | None:
    """Return a `traces_sampler` function for Sentry; None if no trace is kept.

    For a trace that another process started, the decision of that process holds, so that traces
    are complete.

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
        request = context.get("asgi_scope")
        if request and request["path"].startswith(UNTRACED_PATHS):
            return 0.0
        parent_sampled = context.get("parent_sampled")
        if parent_sampled is not None:
            return float(parent_sampled)
        name = _operation(context)
        return next((rate for pattern, rate in patterns if pattern.match(name)), default)

    return sample


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(name)))


def _operation(context: Mapping[str, Any]) -> str:
    """Return the operation's name; a request has a path at its start, but not yet a route."""
    if request := context.get("asgi_scope"):
        return f"{request.get('method', '')} {request['path']}"
    if task := context.get("celery_job"):
        return f"task:{task['task'].rpartition('.')[2]}"
    return str(context.get("transaction_context", {}).get("name", ""))
