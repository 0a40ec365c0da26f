"""Known faults of workers and of the round trips of their tasks."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import Alarm, KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part, stop_part
from securenet_obs.stack.parts.services import build_worker_command

_CELERY = "03_celery_round_trips_tasks"
_PICKLE = "a pickled task is refused"
_ALL_TRIPS = (
    "the three tasks make the round trip",
    "the three tasks work for their tenant",
    "a canary on every queue is executed",
    "every canary makes the round trip",
    "the median round trip is within its limit",
    "results expire",
    "a failing task fails with its own error",
    "an unregistered task is reported",
)


_alarm = partial(expect_alarm, _CELERY, deadline_s=20)

FAULTS = (
    KnownFault(
        "worker-stopped",
        "No worker runs.",
        partial(stop_part, part="worker"),
        _alarm(*_ALL_TRIPS, _PICKLE, deadline_s=1, task_count=10),
    ),
    KnownFault(
        "results-unreachable",
        "The worker cannot reach the result database.",
        partial(break_part, part="worker", environment={"RESULT_URL": "redis://127.0.0.1:1/0"}),
        _alarm(*_ALL_TRIPS, may_fail=(_PICKLE,), deadline_s=1, task_count=5),
    ),
    KnownFault(
        "queue-of-logs-unconsumed",
        "The worker does not consume the queue of network logs.",
        partial(
            break_part,
            part="worker",
            command=build_worker_command(queues=("default", "scans", "models", "canary")),
        ),
        (
            *_alarm(
                "the three tasks make the round trip",
                "a canary on every queue is executed",
                "every canary makes the round trip",
                deadline_s=6,
                task_count=10,
            ),
            Alarm("08_the_broker_is_safe", frozenset({"every queue has a consumer"})),
        ),
    ),
    KnownFault(
        "results-endless-pickles-accepted-tenant-ignored",
        "The worker keeps results for ever, accepts pickles and ignores the tenant of a message.",
        partial(
            break_part,
            part="worker",
            changes=(
                "tasks.keep_results_without_ttl",
                "tasks.accept_pickles",
                "tasks.ignore_tenant",
            ),
            # Celery itself requires this variable to let root accept pickles, as in a container.
            environment={"C_FORCE_ROOT": "true"},
        ),
        _alarm("results expire", _PICKLE, "the three tasks work for their tenant"),
    ),
    KnownFault(
        "limit-beyond-visibility",
        "A task of the worker may run for longer than Redis holds its message back.",
        partial(break_part, part="worker", changes=("tasks.raise_limit_beyond_visibility",)),
        (Alarm("08_the_broker_is_safe", frozenset({"no task outlives the visibility timeout"})),),
    ),
    KnownFault(
        "kombu-that-ends-workers",
        "The worker reports kombu 5.7.0, which ends when Redis restarts.",
        partial(break_part, part="worker", changes=("tasks.report_bad_kombu",)),
        (Alarm("08_the_broker_is_safe", frozenset({"no version is known to be bad"})),),
    ),
)
"""The faults, grouped by part."""
