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
)
"""All exceptions; each is argued."""
