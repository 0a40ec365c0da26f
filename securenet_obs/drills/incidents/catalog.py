"""Catalogue of the incidents: for each runbook the fault that it must find and mend."""

from collections.abc import Mapping

from securenet_obs.drills.incidents import (
    double_runs,
    failed_requests,
    idle_workers,
    log_formats,
    poison,
    redis_faults,
    releases,
    sentry_dsns,
    stopped_schedule,
    unacked_faults,
    workers,
)
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
        "logs-in-console-format",
        "logs_do_not_parse",
        "Beat is restarted with LOG_FORMAT=console.",
        log_formats.switch_format,
        row="writes lines that are not JSON",
    ),
    Incident(
        "worker-with-wrong-dsn",
        "sentry_is_silent",
        "The worker is restarted with a DSN whose key the project does not know.",
        sentry_dsns.give_worker_wrong_dsn,
        row="does not reach Sentry",
    ),
    Incident(
        "worker-consumes-nothing",
        "worker_answers_but_does_nothing",
        "The only worker answers pings and consumes no queue, while tasks arrive.",
        idle_workers.cancel_consumers,
        row="answers and consumes no queue",
        parameters=("deadline_s=2", "youngest_s=0"),
    ),
    Incident(
        "poison-without-end",
        "task_is_poisonous",
        "A task kills its process again and again: the worker does not bound its starts.",
        poison.loop_poison,
        row="is started again and again",
    ),
    Incident(
        "beat-gone-for-a-night",
        "schedule_stopped",
        "Beat is killed, and its records are set back by a night: windows were missed.",
        stopped_schedule.lose_beat_for_a_night,
        row="beat is gone",
    ),
    Incident(
        "task-sent-twice",
        "tasks_run_twice",
        "A slow task was sent twice, and both of its messages run at once.",
        double_runs.send_twice,
        row="runs twice at once",
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
    Incident(
        "broken-release",
        "errors_are_spiking",
        "A release of the API fails at every other batch, while batches arrive.",
        releases.release_broken_api,
        row="fails at POST /v1/tenants/{tenant_id}/logs",
        parameters=("window_s=60",),
    ),
    # The last one: its request stays in the logs, and would be found during the incidents after it.
    Incident(
        "request-failed-in-its-task",
        "tenant_asks_what_happened",
        "A request of one tenant fails in its task, beside one of another tenant.",
        failed_requests.fail_in_task,
        row="something has failed",
        parameters=(f"request_id={failed_requests.REQUEST_ID}",),
    ),
)

INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in _ALL}
"""Name -> incident, in the order of execution."""
