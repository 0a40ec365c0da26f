"""Catalogue of the incidents: for each runbook the fault that it must find and mend."""

from collections.abc import Mapping

from securenet_obs.drills.incidents.faults import (
    double_runs,
    failed_requests,
    idle_workers,
    leaks,
    log_formats,
    poison,
    redis_faults,
    releases,
    sentry_dsns,
    stopped_schedule,
    unacked_faults,
    vulnerabilities,
    workers,
)
from securenet_obs.drills.incidents.incident import Incident

_ALL = (
    Incident(
        "more-arrivals-than-service",
        "queue_is_growing",
        "Three times as many batches arrive as the worker finishes.",
        workers.slow_worker_down,
        alert=(
            "SecureNetQueueIsGrowing (page): "
            "The oldest message of queue logs has waited for 6m 12s."
        ),
        row="too few workers",
        parameters=("queue=logs", "window_s=4", "grow_by=7", "longest_drain_s=60"),
    ),
    Incident(
        "worker-gone",
        "worker_is_gone",
        "The only worker and its children are killed.",
        workers.kill_worker,
        alert=(
            "SecureNetWorkersConsumeNothing (page): "
            "43 messages wait, and no task has ended for five minutes."
        ),
        row="is gone",
    ),
    Incident(
        "logs-in-console-format",
        "logs_do_not_parse",
        "Beat is restarted with LOG_FORMAT=console.",
        log_formats.switch_format,
        alert=(
            "Log pipeline (ticket): "
            "212 lines rejected within 15 minutes, the newest: invalid JSON at character 1."
        ),
        row="writes lines that are not JSON",
    ),
    Incident(
        "worker-with-wrong-dsn",
        "sentry_is_silent",
        "The worker is restarted with a DSN whose key the project does not know.",
        sentry_dsns.give_worker_wrong_dsn,
        alert=(
            "SecureNetSentryLosesEvents (ticket): "
            "Sentry has not accepted events of securenet-worker: network_error."
        ),
        row="does not reach Sentry",
    ),
    Incident(
        "worker-consumes-nothing",
        "worker_answers_but_does_nothing",
        "The only worker answers pings and consumes no queue, while tasks arrive.",
        idle_workers.cancel_consumers,
        alert=(
            "SecureNetWorkersConsumeNothing (page): "
            "61 messages wait, and no task has ended for five minutes."
        ),
        row="answers and consumes no queue",
        parameters=("deadline_s=5", "youngest_s=0"),
    ),
    Incident(
        "poison-without-end",
        "task_is_poisonous",
        "A task kills its process again and again: the worker does not bound its starts.",
        poison.loop_poison,
        alert=(
            "Sentry (page), securenet-worker: "
            "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)"
        ),
        row="is started again and again",
    ),
    Incident(
        "beat-gone-for-a-night",
        "schedule_stopped",
        "Beat is killed, and its records are set back by a night: windows were missed.",
        stopped_schedule.lose_beat_for_a_night,
        alert=(
            "SecureNetBeatIsSilent (page): "
            "Beat has not ticked for a minute, or its clock is wrong: no schedule runs."
        ),
        row="beat is gone",
    ),
    Incident(
        "task-sent-twice",
        "tasks_run_twice",
        "A slow task was sent twice, and both of its messages run at once.",
        double_runs.send_twice,
        alert=(
            "Ticket of a tenant: one task had its effect twice; its id has two starts in the logs."
        ),
        row="runs twice at once",
    ),
    Incident(
        "redis-became-a-replica",
        "redis_refuses_writes",
        "Redis is a replica of a master that does not answer, as after half a failover.",
        redis_faults.make_replica,
        alert=(
            "Sentry (page), securenet-api: "
            "ReadOnlyError: You can't write against a read only replica."
        ),
        row="is a replica without its master",
    ),
    Incident(
        "results-without-expiry",
        "redis_is_full",
        "Results that never expire fill Redis's memory up to its limit.",
        redis_faults.fill_with_results,
        alert=(
            "Sentry (page), securenet-api: "
            "OutOfMemoryError: OOM command not allowed when used memory > 'maxmemory'."
        ),
        row="results without expiry fill the memory",
        parameters=("keep_s=0",),
    ),
    Incident(
        "scans-evicted",
        "redis_evicted_tasks",
        "Redis evicts the queue of the scans, since its policy allows it.",
        redis_faults.evict_scans,
        alert="Redis exporter (page): evicted_keys has risen by 1 within five minutes.",
        row="tasks were evicted",
        parameters=("period_s=600",),
    ),
    Incident(
        "scans-orphaned",
        "tasks_are_stuck_unacked",
        "A consumer without a lease takes the scans, and is killed.",
        unacked_faults.orphan_scans,
        alert=(
            "SecureNetMessageIsHeld (ticket): "
            "A worker has held a message for 35m 0s, longer than a task may run."
        ),
        row="messages are held by nobody",
        parameters=("min_age_s=3",),
    ),
    Incident(
        "api-key-logged",
        "secret_was_logged",
        "A worker without redaction logs a tenant's API key, and stores it in a result.",
        leaks.leak_key,
        alert="Ticket of a tenant: we rotate our API key: can you rule out that your logs have it?",
        row="was logged",
    ),
    Incident(
        "critical-advisory-published",
        "critical_vulnerability_found",
        "A critical advisory is published on a package that a tenant runs, and a task finds it.",
        vulnerabilities.publish_advisory,
        alert=(
            "Sentry (page), securenet-worker: "
            "critical_vulnerability_found: a scan has found a critical vulnerability."
        ),
        row="has critical findings without a decision",
        parameters=(
            f"tenant={vulnerabilities.TENANT}",
            "decision=accept",
            f"advisory={vulnerabilities.ADVISORY}",
            "reason=documents are trusted until the upgrade of Monday",
        ),
    ),
    Incident(
        "broken-release",
        "errors_are_spiking",
        "A release of the API fails at every other batch, while batches arrive.",
        releases.release_broken_api,
        alert="Sentry (page), securenet-api: a new issue has 40 events within two minutes.",
        row="fails at POST /v1/tenants/{tenant_id}/logs",
        parameters=("window_s=60",),
    ),
    # The last one: its request stays in the logs, and would be found during the incidents after it.
    Incident(
        "request-failed-in-its-task",
        "tenant_asks_what_happened",
        "A request of one tenant fails in its task, beside one of another tenant.",
        failed_requests.fail_in_task,
        alert=(
            "Ticket of a tenant: our last request was accepted, and nothing came of it; its id is "
            f"{failed_requests.REQUEST_ID}."
        ),
        row="something has failed",
        parameters=(f"request_id={failed_requests.REQUEST_ID}",),
    ),
)

INCIDENTS: Mapping[str, Incident] = {incident.name: incident for incident in _ALL}
"""Name -> incident, in the order of execution."""
