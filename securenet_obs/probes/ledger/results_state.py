"""State of the result database: whether it has been emptied, or refuses to store ends of tasks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis

BEGAN_KEY = "securenet:ledger:began"


@dataclass(frozen=True)
class ResultsState:
    """Reasons for which the end of a task may have no record.

    Args:
        began_at: Unix seconds since which the database has kept records; None if it is unknown.
        refusal: reason for which it refuses writes now; empty if it takes them.
    """

    began_at: float | None
    refusal: str

    def explain(self, sent_at: float) -> str:
        """Return why the end of a task that was sent then may have no record; empty if it has one.

        Args:
            sent_at: Unix seconds.
        """
        if self.refusal:
            return f"the result database refuses writes: {self.refusal}"
        if self.began_at is not None and sent_at < self.began_at:
            at = f"{datetime.fromtimestamp(self.began_at, UTC):%FT%TZ}"
            return f"the result database was emptied after it was sent, shortly before {at}"
        return ""


def read_results_state(results: Redis) -> ResultsState:
    """Return the state of the result database; it only reads."""
    began: Any = results.get(BEGAN_KEY)
    return ResultsState(None if began is None else float(began), _find_refusal(results))


def _find_refusal(results: Redis) -> str:
    """Return the reason for which Redis refuses writes, from its own figures."""
    info: Any = {**results.info("memory"), **results.info("replication")}  # type: ignore[dict-item]
    limit = info.get("maxmemory", 0)
    is_kept = info.get("maxmemory_policy", "noeviction") == "noeviction"
    if limit and is_kept and info["used_memory"] >= limit:
        return "its memory is full (OOM)"
    if info.get("role") == "slave" and info.get("slave_read_only", 1):
        return "it is a replica, as after a failover (READONLY)"
    persistence: Any = results.info("persistence")
    if persistence.get("rdb_last_bgsave_status", "ok") != "ok":
        return "its last save to disk failed (MISCONF)"
    return ""
