"""Catalogue of the drills: each fault, and the validations that must notice it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from securenet_obs.drills.drill import Drill, ExpectedAlarm
from securenet_obs.drills.faults import beat, clock, parts, redis_states, signals, suspension

_TASKS = "03_celery_round_trips_tasks"
_LOGS = "02_logs_are_structured_json"
# The limits leave seconds for a busy machine: one that load alone exceeds proves no fault.
_ROUND_TRIPS = ExpectedAlarm(
    _TASKS, "a failing task fails with its own error", ("deadline_s=5", "task_count=5")
)
_BEAT = ExpectedAlarm(_TASKS, "beat ticks", ("task_count=5", "oldest_tick_s=9"))
_ERRORS = ExpectedAlarm(
    "01_sentry_receives_errors", "every raised error arrived", ("deadline_s=5",)
)
_LINES = ExpectedAlarm(
    _LOGS, "a request can be followed from the API to its task", ("deadline_s=10",)
)
_CLOCK = ExpectedAlarm(_LOGS, "log timestamps match the wall clock", ("deadline_s=10",))


_HELD = ExpectedAlarm(
    "08_the_broker_is_safe", "no message is held for too long", ("longest_held_s=5",)
)

_STATES = {
    "redis-failed-over": ("READONLY", "Redis is a replica, as during a failover."),
    "redis-disk-full": ("MISCONF", "Redis cannot save its data."),
    "redis-write-forbidden": ("NOPERM", "Redis's user may not write."),
    "redis-memory-full": ("OOM", "Redis uses all the memory that it may."),
    "redis-busy": ("BUSY", "A script without an end occupies Redis."),
    "redis-clients-full": ("maxclients", "Redis has as many clients as it accepts."),
    "redis-password-changed": ("WRONGPASS", "Redis's password changes and is restored."),
}
"""Drill -> the state of Redis that it holds, and its description."""


def _create_state_drill(name: str, state: str, description: str) -> Drill:
    return Drill(
        name,
        description,
        partial(redis_states.hold_state, state=state),
        expected_alarms=(_ROUND_TRIPS,),
        min_duration_s=8,
    )


def _explain_missing_full_device() -> str:
    return "" if Path("/dev/full").exists() else "this system has no /dev/full"


_ALL = (
    Drill(
        "redis-restarted",
        "Redis restarts repeatedly while its clients reconnect.",
        parts.restart_redis,
        expected_alarms=(_ROUND_TRIPS,),
    ),
    Drill(
        "redis-down",
        "Redis is stopped for 20 seconds.",
        partial(parts.keep_part_stopped, name="redis"),
        expected_alarms=(_ROUND_TRIPS,),
        min_duration_s=20,
    ),
    Drill(
        "redis-connections-killed",
        "Redis closes every connection ten times a second.",
        parts.kill_redis_connections,
        expected_alarms=(_ROUND_TRIPS,),
        min_duration_s=5,
    ),
    Drill(
        "redis-black-holed",
        "The network between the services and Redis drops every byte.",
        parts.drop_traffic,
        setup=parts.route_through_proxy,
        expected_alarms=(_ROUND_TRIPS,),
        min_duration_s=10,
    ),
    *(_create_state_drill(name, *state) for name, state in _STATES.items()),
    Drill(
        "redis-loading",
        "Redis restarts and loads its data slowly.",
        parts.load_redis_slowly,
        expected_alarms=(_ROUND_TRIPS,),
    ),
    Drill(
        "worker-suspended",
        "A worker is suspended for 90 seconds, while another takes over its messages.",
        suspension.suspend_worker,
        setup=suspension.add_second_worker,
        expected_alarms=(_HELD,),
        min_duration_s=90,
    ),
    Drill(
        "worker-killed",
        "The worker and its children are killed with SIGKILL.",
        partial(parts.keep_part_stopped, name="worker", stop=signals.kill),
        expected_alarms=(_ROUND_TRIPS,),
    ),
    Drill(
        "child-oom-killed",
        "The worker's children and their successors are killed, as when memory is exhausted.",
        parts.kill_worker_children,
        expected_alarms=(_ROUND_TRIPS,),
    ),
    Drill(
        "worker-terminated",
        "The worker is ended with SIGTERM, as by a deployment.",
        partial(parts.keep_part_stopped, name="worker", stop=signals.terminate_gracefully),
        expected_alarms=(_ROUND_TRIPS,),
    ),
    Drill(
        "beat-killed-and-doubled",
        "Beat is killed with SIGKILL, then two beats run.",
        beat.kill_and_double_beat,
        setup=beat.add_frequent_entry,
        expected_alarms=(_BEAT,),
        find_other_doubled=beat.find_double_sends,
    ),
    Drill(
        "store-locked",
        "Another process holds the store's write lock.",
        parts.lock_store,
        expected_alarms=(_ROUND_TRIPS,),
        min_duration_s=8,
    ),
    Drill(
        "bugsink-down",
        "Bugsink is stopped, while tasks have errors to report.",
        parts.stop_bugsink,
        expected_alarms=(_ERRORS,),
        harmless=True,
    ),
    Drill(
        "logs-disk-full",
        "The disk of the logs is full for API and worker.",
        parts.fill_log_disk,
        expected_alarms=(_LINES,),
        harmless=True,
        skip_reason=_explain_missing_full_device,
    ),
    Drill(
        "clock-off",
        "A worker's clock is an hour ahead of the clock of every other process.",
        clock.shift_worker_clock,
        expected_alarms=(_CLOCK,),
        harmless=True,
        skip_reason=clock.explain_missing_libfaketime,
    ),
)

DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in _ALL}
"""Name -> drill, in the order of execution."""
