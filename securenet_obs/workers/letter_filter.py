"""Selects dead letters by task, tenant, reason and time of the last failure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, or_

from securenet_obs.store import DeadLetter

Reason = Literal["failed", "worker_lost", "timeout", "retries_exhausted"]
"""Reason for which a task is dead."""

_LENGTH = 12


@dataclass(frozen=True)
class LetterFilter:
    """Properties that dead letters must have; an empty one permits any value.

    Args:
        task: name of the task, whole or its last part.
        tenant_id: the tenant.
        reason: the reason.
        since_s: seconds before now in which the task last failed; 0 for any time.
        is_open: whether it must not have been requeued.
    """

    task: str = ""
    tenant_id: str = ""
    reason: str = ""
    since_s: float = 0.0
    is_open: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions in SQL, as of now."""
        found: list[ColumnElement[bool]] = []
        if self.task:
            ends_so = DeadLetter.task.endswith(f".{self.task}", autoescape=True)
            found.append(or_(DeadLetter.task == self.task, ends_so))
        if self.tenant_id:
            found.append(DeadLetter.tenant_id == self.tenant_id)
        if self.reason:
            found.append(DeadLetter.reason == self.reason)
        if self.since_s:
            found.append(DeadLetter.last_at >= datetime.now(UTC) - timedelta(seconds=self.since_s))
        if self.is_open:
            found.append(DeadLetter.requeued_at.is_(None))
        return found


def compute_digest(letter_ids: Iterable[int]) -> str:
    """Return the digest that confirms exactly these dead letters."""
    text = ",".join(map(str, sorted(letter_ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
