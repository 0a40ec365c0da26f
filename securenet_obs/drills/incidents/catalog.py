"""Catalogue of the incidents: for each runbook the fault that it must find and mend."""

from collections.abc import Mapping

from securenet_obs.drills.incidents import redis_faults, unacked_faults, workers
from securenet_obs.drills.incidents.incident import Incident

_ALL = (
    Incident(
        "more-arrivals-than-service",
        "queue_is_growing",
        "Three times as many batches arrive as the worker finishes.",
        workers.slow_worker_down,
        row="too few workers",
        parameters=("queue=logs", "window_s=4", "grow_by=7", "longest_drain_s=60"),
    ),
    Incident(
        "worker-gone",
        "worker_is_gone",
        "The only worker and its children are killed.",
        workers.kill_worker,
        row="is gone",
    ),
    Incident(
        "redis-became-a-replica",
        "redis_refuses_writes",
        "Redis is a replica of a master that does not answer, as after half a failover.",
        redis_faults.make_replica,
        row="is a replica without its master",
    ),
    Incident(
        "results-without-expiry",
        "redis_is_full",
        "Results that never expire fill Redis's memory up to its limit.",
        redis_faults.fill_with_results,
        row="results without expiry fill the memory",
        parameters=("keep_s=0",),
    ),
    Incident(
        "scans-evicted",
        "redis_evicted_tasks",
        "Redis evicts the queue of the scans, since its policy allows it.",
        redis_faults.evict_scans,
        row="tasks were evicted",
        parameters=("period_s=600",),
    ),
    Incident(
        "scans-orphaned",
        "tasks_are_stuck_unacked",
        "A consumer without a lease takes the scans, and is killed.",
        unacked_faults.orphan_scans,
        row="messages are held by nobody",
        parameters=("min_age_s=3",),
    ),
)

INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in _ALL}
"""Name -> incident, in the order of execution."""
