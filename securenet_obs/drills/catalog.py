"""Catalogue of the drills: each fault, and the validations that must notice it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from securenet_obs.drills import faults, signals, timing
from securenet_obs.drills.drill import Drill, Look

_TASKS = "03_celery_round_trips_tasks"
_LOGS = "02_logs_are_structured_json"
_ROUND_TRIPS = Look(
    _TASKS, "a failing task fails with its own error", ("deadline_s=1", "task_count=5")
)
_BEAT = Look(_TASKS, "beat ticks", ("task_count=5", "oldest_tick_s=7"))
_ERRORS = Look(
    "01_sentry_receives_errors", "every error that was raised arrived", ("deadline_s=2",)
)
_LINES = Look(_LOGS, "a request can be followed from the API to its task", ("deadline_s=5",))
_CLOCK = Look(_LOGS, "the clock of the lines is the clock of the world", ("deadline_s=5",))


def _no_full_device() -> str:
    return "" if Path("/dev/full").exists() else "this system has no /dev/full"


_ALL = (
    Drill(
        "redis-restarted",
        "Redis is restarted, again and again while its clients reconnect.",
        faults.redis_restarted,
        looks=(_ROUND_TRIPS,),
    ),
    Drill(
        "redis-down",
        "Redis is stopped for 20 seconds.",
        partial(faults.part_stopped, name="redis"),
        looks=(_ROUND_TRIPS,),
        holds_s=20,
    ),
    Drill(
        "redis-connections-killed",
        "Redis closes every connection ten times a second.",
        faults.connections_killed,
        looks=(_ROUND_TRIPS,),
        holds_s=5,
    ),
    Drill(
        "redis-black-holed",
        "The network between the services and Redis swallows every byte.",
        faults.swallowing,
        setting=faults.through_a_proxy,
        looks=(_ROUND_TRIPS,),
        holds_s=10,
    ),
    Drill(
        "worker-killed",
        "The worker and its children are killed with SIGKILL.",
        partial(faults.part_stopped, name="worker", stop=signals.kill),
        looks=(_ROUND_TRIPS,),
    ),
    Drill(
        "child-oom-killed",
        "The worker's children are killed while they work, and their successors, as for want of "
        "memory.",
        faults.children_killed,
        looks=(_ROUND_TRIPS,),
    ),
    Drill(
        "worker-terminated",
        "The worker is ended with SIGTERM, as by a deployment.",
        partial(faults.part_stopped, name="worker", stop=signals.end_softly),
        looks=(_ROUND_TRIPS,),
    ),
    Drill(
        "beat-killed-and-doubled",
        "Beat is killed with SIGKILL, and then there are two of them.",
        timing.beat_killed_and_doubled,
        setting=timing.beat_often_due,
        looks=(_BEAT,),
        also_doubled=timing.sent_twice,
    ),
    Drill(
        "store-locked",
        "Somebody holds the store's lock for writing.",
        faults.store_locked,
        looks=(_ROUND_TRIPS,),
        holds_s=8,
    ),
    Drill(
        "bugsink-down",
        "Bugsink is stopped, while tasks have errors to report.",
        faults.bugsink_down,
        looks=(_ERRORS,),
        harmless=True,
    ),
    Drill(
        "logs-disk-full",
        "The disk of the logs takes no byte of API and worker.",
        faults.logs_disk_full,
        looks=(_LINES,),
        harmless=True,
        impossible=_no_full_device,
    ),
    Drill(
        "clock-off",
        "A worker's clock is an hour ahead: of another worker's first, then of everybody's.",
        timing.clock_off,
        looks=(_CLOCK,),
        harmless=True,
        impossible=timing.without_libfaketime,
    ),
)

DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in _ALL}
"""Name -> drill, in the order of execution."""
