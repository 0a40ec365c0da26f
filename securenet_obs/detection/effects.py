"""Effects that are had once for a tenant, a task and a window, however often they are asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from securenet_obs.store import TaskEffect, insert_once


@dataclass(frozen=True)
class Effect:
    """What shall be done once; `window` is the slot of a schedule, or a task's own id."""

    tenant_id: str
    task: str
    window: str

    def earlier_result(self, session: Session) -> dict[str, Any] | None:
        """Return what came of it, None if it was not had yet."""
        done = session.get(TaskEffect, (self.tenant_id, self.task, self.window))
        return None if done is None else done.result

    def claim(self, session: Session, result: dict[str, Any]) -> bool:
        """Have the effect in this transaction; False if another one had it before."""
        key = {"tenant_id": self.tenant_id, "task": self.task, "window": self.window}
        return insert_once(session, TaskEffect, **key, at=datetime.now(UTC), result=result)
