"""Which traces are kept: a share for each operation; whether errors are kept is not asked here."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sentry_sdk.types import SamplingContext

UNTRACED = ("/health/",)
"""Beginnings of paths that are asked several times a minute for ever, and never traced."""

_PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def traces_sampler(
    default: float, rates: Mapping[str, float]
) -> Callable[[SamplingContext], float] | None:
    """Return the function that Sentry asks for the share of each trace; None if none is kept.

    What another process began is kept as that process decided, so that no trace has holes.

    Args:
        default: share of operations that `rates` does not name, 0 to 1.
        rates: beginning of an operation's name -> its share; the longest beginning counts. A
            request is called `POST /v1/tenants/{tenant_id}/logs`, a task `task:its_name`.
    """
    if not default and not any(rates.values()):
        return None
    longest_first = sorted(rates, key=len, reverse=True)
    patterns = [(_pattern(name), rates[name]) for name in longest_first]

    def share(context: SamplingContext) -> float:
        request = context.get("asgi_scope")
        if request and request["path"].startswith(UNTRACED):
            return 0.0
        decided = context.get("parent_sampled")
        if decided is not None:
            return float(decided)
        name = _operation(context)
        return next((rate for pattern, rate in patterns if pattern.match(name)), default)

    return share


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(name)))


def _operation(context: Mapping[str, Any]) -> str:
    """Return what the operation is called; at its start a request has a path, and no route yet."""
    if request := context.get("asgi_scope"):
        return f"{request.get('method', '')} {request['path']}"
    if task := context.get("celery_job"):
        return f"task:{task['task'].rpartition('.')[2]}"
    return str(context.get("transaction_context", {}).get("name", ""))
