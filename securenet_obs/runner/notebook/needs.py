"""Closed list of needs that a notebook can declare: variables, whether a target can serve each.

A need is missing if its variables are not set, and then nothing runs. A need that the target
cannot serve by design makes the run `skipped`, with the reason given here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["service", "right", "capability", "stack"]
Variables = Mapping[str, str]

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})


@dataclass(frozen=True)
class Need:
    """One need that a notebook can declare.

    Attributes:
        kind: a service to talk to, a right, a capability of a backend, or a local stack.
        meaning: one phrase for the reader.
        variables: variables that a target must set; a default does not describe a target.
        by_backend: further variables that it must set, by SENTRY_BACKEND.
        serves: whether a target with these variables, local or not, can serve the need at all.
        reason: why a target cannot serve it.
    """

    kind: Kind
    meaning: str
    variables: tuple[str, ...] = ()
    by_backend: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    serves: Callable[[Variables, bool], bool] = lambda _variables, _local: True
    reason: str = ""

    def required(self, variables: Variables) -> tuple[str, ...]:
        """Return the variables that this target must set."""
        return self.variables + self.by_backend.get(_backend_of(variables), ())


def _backend_of(variables: Variables) -> str:
    """Return the backend from which events are read back."""
    return variables.get("SENTRY_BACKEND", "").strip() or "sentry"


def _has_diagnostics(variables: Variables, _local: bool) -> bool:
    return variables.get("DIAGNOSTICS_ENABLED", "").strip().lower() in _TRUE


def _stores_telemetry(variables: Variables, _local: bool) -> bool:
    has_relay = bool(variables.get("SENTRY_RELAY_URL", "").strip())
    return has_relay or _backend_of(variables) == "sentry"


NEEDS: Mapping[str, Need] = {
    "api": Need("service", "the API", ("API_URL",)),
    "sentry": Need("service", "where errors are sent", ("SENTRY_DSN",)),
    "logs": Need("service", "the log files", ("LOG_SOURCE",)),
    "redis": Need("service", "the broker and the results", ("REDIS_URL",)),
    "worker": Need("service", "a worker that runs the target's tasks"),
    "beat": Need("service", "beat, which sends what the schedule holds"),
    "store": Need("service", "the database", ("DATABASE_URL",)),
    "read-events": Need(
        "right",
        "reading events back",
        ("SENTRY_AUTH_TOKEN", "SENTRY_PROJECT"),
        {
            "sentry": ("SENTRY_ORG",),
            "bugsink": ("SENTRY_URL",),
            "glitchtip": ("SENTRY_URL", "SENTRY_ORG"),
        },
    ),
    "tenant-keys": Need("right", "keys of the tenants it speaks for", ("API_KEYS",)),
    "diagnostics": Need(
        "right",
        "errors on demand",
        ("DIAGNOSTICS_KEY",),
        serves=_has_diagnostics,
        reason="diagnostics are off: the target does not set DIAGNOSTICS_ENABLED to true",
    ),
    "transactions": Need(
        "capability",
        "a backend that keeps transactions",
        serves=_stores_telemetry,
        reason="Bugsink and GlitchTip return no transactions without a relay (SENTRY_RELAY_URL)",
    ),
    "check-ins": Need(
        "capability",
        "a backend that keeps check-ins",
        serves=_stores_telemetry,
        reason="Bugsink and GlitchTip return no check-ins without a relay (SENTRY_RELAY_URL)",
    ),
    "local-stack": Need(
        "stack",
        "a local stack that this command brings up or finds running",
        serves=lambda _variables, local: local,
        reason="the target is not a local stack: run it with --local",
    ),
}
"""Name of a need -> its requirements for a target."""
