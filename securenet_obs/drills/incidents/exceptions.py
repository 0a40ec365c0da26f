"""Exceptions of the cross-proof: rows that rightly apply during the incident of another runbook."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CrossException:
    """A row that may apply, although the incident is another runbook's.

    Args:
        incident: name of the incident.
        runbook: name of the runbook.
        row: part of the finding.
        reason: why it is right that it applies.
        may_offer: whether the row may also offer an action.
    """

    incident: str
    runbook: str
    row: str
    reason: str
    may_offer: bool = False


EXCEPTIONS: tuple[CrossException, ...] = (
    CrossException(
        "worker-gone",
        "queue_is_growing",
        "no worker consumes the queue",
        "The queues of a worker that is gone do grow; the row leads to worker_is_gone.",
    ),
    CrossException(
        "worker-gone",
        "tasks_are_stuck_unacked",
        "no worker is alive to restore messages",
        "The messages of a killed worker wait for a living one; the row leads to worker_is_gone.",
    ),
    CrossException(
        "worker-gone",
        "worker_answers_but_does_nothing",
        "does not answer",
        "A worker that is gone does not answer; the row leads to worker_is_gone.",
    ),
    CrossException(
        "more-arrivals-than-service",
        "worker_answers_but_does_nothing",
        "every worker works, and a queue rises",
        "The queue does rise; the row clears the worker and leads to queue_is_growing.",
    ),
    CrossException(
        "task-sent-twice",
        "worker_answers_but_does_nothing",
        "every worker works, and a queue rises",
        "The slow task occupies a process and its queue rises; the row leads to queue_is_growing.",
    ),
    CrossException(
        "worker-consumes-nothing",
        "queue_is_growing",
        "no worker consumes the queue",
        "The queue grows since nobody consumes it; the row leads to the runbook of the worker.",
    ),
    CrossException(
        "worker-consumes-nothing",
        "worker_is_gone",
        "a worker answers and consumes no queue",
        "It looks gone to the queues; the row leads to worker_answers_but_does_nothing.",
    ),
    CrossException(
        "redis-became-a-replica",
        "schedule_stopped",
        "Redis refuses the writes of beat",
        "The schedule does stop while Redis refuses writes; the row leads to redis_refuses_writes.",
    ),
    CrossException(
        "results-without-expiry",
        "schedule_stopped",
        "Redis refuses the writes of beat",
        "The schedule does stop while Redis is full; the row leads to redis_refuses_writes.",
    ),
    CrossException(
        "results-without-expiry",
        "redis_refuses_writes",
        "is full (OOM)",
        "A full Redis does refuse writes; the row names the cause and leads to redis_is_full.",
    ),
    CrossException(
        "results-without-expiry",
        "redis_evicted_tasks",
        "memory of Redis above 95 %",
        "Its stop condition applies before tasks are sent again, and leads to redis_is_full.",
    ),
)
"""All exceptions; each is argued."""
