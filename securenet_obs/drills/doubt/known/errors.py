"""Known faults of error events."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part

_SENTRY = "01_sentry_receives_errors"
_IDS = "events have the ids of request and task"


_alarm = partial(expect_alarm, _SENTRY, deadline_s=20)

FAULTS = (
    KnownFault(
        "another-deployments-labels",
        "The API has another environment and release, its events neither ids nor stack traces.",
        partial(
            break_part,
            part="api",
            changes=("sentry.drop_ids", "sentry.drop_stack_traces"),
            environment={"ENVIRONMENT": "elsewhere", "SENTRY_RELEASE": "securenet@0.0.0"},
        ),
        _alarm(
            "every event has its environment",
            "every event has its release",
            "every event has its tenant",
            _IDS,
            "every stack trace ends at the function that raised",
        ),
    ),
    KnownFault(
        "events-unscrubbed",
        "The API sends events without redaction.",
        partial(break_part, part="api", changes=("sentry.send_unscrubbed",)),
        _alarm("no event has the Authorization header", "no event has the planted secret"),
    ),
    KnownFault(
        "errors-sampled",
        "The API sends every second error only.",
        partial(break_part, part="api", changes=("sentry.sample_errors",)),
        _alarm("errors are not sampled"),
    ),
    KnownFault(
        "worker-without-sentry",
        "The worker has an empty DSN.",
        partial(break_part, part="worker", environment={"SENTRY_DSN": ""}),
        _alarm("every raised error arrived", _IDS),
    ),
)
"""The faults, grouped by part."""
