"""Idempotent effects of tasks: claims one per tenant and window, stores its result for reruns."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from securenet_obs.store import TaskEffect, insert_once


@dataclass(frozen=True)
class Effect:
    """Idempotency key of an effect; `window` is the slot of a schedule, or a task's own id."""

    tenant_id: str
    task: str
    window: str

    def earlier_result(self, session: Session) -> dict[str, Any] | None:
        """Return the stored result, None if the effect has not happened yet."""
        row = session.get(TaskEffect, (self.tenant_id, self.task, self.window))
        return None if row is None else row.result

    def claim(self, session: Session, result: dict[str, Any]) -> bool:
        """Record the effect in this transaction; return False if another one has recorded it."""
        key = {"tenant_id": self.tenant_id, "task": self.task, "window": self.window}
        return insert_once(session, TaskEffect, **key, at=datetime.now(UTC), result=result)

    def complete(self, session: Session, result: dict[str, Any]) -> None:
        """Replace the result of an effect that this transaction has claimed."""
        session.get_one(TaskEffect, (self.tenant_id, self.task, self.window)).result = result
