"""A Redis whose memory is full: finds the cause, decides, verifies the free memory."""

import math
from dataclasses import dataclass

import pandas as pd

from securenet_obs.oncall.actions.redis import expire_results, format_cli, set_option
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.oncall.symptoms.worker_is_gone import WorkerIsGone
from securenet_obs.probes.celery.broker import BrokerProbe, BrokerState
from securenet_obs.probes.celery.memory import EndlessResults, MemoryProbe
from securenet_obs.probes.celery.redis_reading import open_redis, translate_redis_errors
from securenet_obs.probes.celery.write_refusals import try_writes
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

FULL_SHARE = 0.95
"""Share of its memory above which Redis is full: its clients' buffers need the rest."""

ENOUGH_SHARE = 0.8
"""Share of its memory below which Redis has room again."""

MACHINE_SHARE = 0.75
"""Maximum share of the machine's memory for a raised limit: a save or a replica needs the rest."""

_QUEUE_SHARE = 0.5
_MIB = 2**20


@dataclass(frozen=True)
class MemoryState:
    """Memory of the broker's server, and its answer to a write."""

    broker: BrokerState
    limit_bytes: int
    """`maxmemory`; 0 without a limit."""
    resident_bytes: int
    machine_bytes: int
    refuses: bool
    """Whether it refuses a write because its memory is full."""

    @property
    def is_full(self) -> bool:
        """Whether it refuses a write, or is about to."""
        return self.refuses or self.broker.memory_share >= FULL_SHARE

    @property
    def machine_share(self) -> float:
        """Share of the machine's memory that Redis holds, 0 to 1."""
        return self.resident_bytes / self.machine_bytes if self.machine_bytes else 0.0

    def describe(self) -> str:
        """Return the memory as one line."""
        limit = (
            f"the limit {self.limit_bytes / _MIB:.1f} MiB" if self.limit_bytes else "the machine"
        )
        answer = "refuses writes (OOM)" if self.refuses else "accepts writes"
        used = f"{self.broker.used_memory_bytes / _MIB:.1f} MiB"
        return f"{used} used, {self.broker.memory_share:.0%} of {limit}, {answer}"


class RedisIsFull:
    """The symptom of the broker's server.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        keep_s: seconds for which an unused result is kept.
        raise_by: factor, above 1, by which the limit is raised if nothing else helps, repeatedly
            if once gives no room.
        deadline_s: seconds to wait for room, and for a canary of each worker.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keep_s: float = 3600.0,
        raise_by: float = 1.5,
        deadline_s: float = 30.0,
    ) -> None:
        self._settings = settings
        self._keep_s = keep_s
        self._raise_by = raise_by
        self._deadline_s = deadline_s
        self._memory = MemoryProbe(settings)
        self._families = pd.DataFrame()
        self._endless = EndlessResults(0, 0)
        self.before: MemoryState

    def look(self) -> pd.DataFrame:
        """Read the memory.

        Returns:
            The rows of `MemoryProbe.families`, with `mib` in place of the bytes, and `share`, the
            part of the used memory. `before` is the state then.
        """
        self.before = self._read()
        self._families = self._memory.families()
        self._endless = self._memory.endless_results(self._keep_s)
        used = max(self.before.broker.used_memory_bytes, 1)
        return self._families.assign(
            mib=self._families["bytes"] / _MIB, share=self._families["bytes"] / used
        ).drop(columns="bytes")

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        before, raised = self.before, self._find_raised_bytes()
        spare = before.broker.used_memory_bytes - ENOUGH_SHARE * before.broker.memory_limit_bytes
        expires = before.is_full and self._endless.count > 0 and self._endless.bytes >= spare
        queue, share = self._find_largest_queue()
        is_queue = before.is_full and not expires and share >= _QUEUE_SHARE
        is_other = before.is_full and not expires and not is_queue
        return [
            Row(
                "results without expiry fill the memory",
                expires,
                f"{self._endless.count} results never expire and were not used for "
                f"{self._keep_s:g} s, {self._endless.bytes / _MIB:.1f} MiB; {before.describe()}",
                expire_results(self._settings.results, "RESULT_URL", self._keep_s),
            ),
            Row(
                "a queue fills the memory",
                is_queue,
                f"the largest queue, {queue or 'none'}, has {share:.0%} of it",
                Manual(
                    f"let the workers empty {queue}",
                    f"securenet-obs run queue_is_growing -p queue={queue}",
                ),
            ),
            Row(
                "the limit is too low",
                is_other and raised > 0,
                f"{before.describe()}; the machine has {before.machine_bytes / _MIB:.0f} MiB",
                self._raise(raised),
            ),
            Row(
                "the machine has no more memory",
                is_other and not raised,
                f"Redis holds {before.machine_share:.0%} of its machine's memory",
                Manual(
                    "call the owner of Redis with its memory report",
                    format_cli("REDIS_URL", "MEMORY DOCTOR"),
                ),
            ),
        ]

    def verify_room(self) -> Finding:
        """Verify that less than `FULL_SHARE` of the memory is used, and a write is accepted."""
        after = poll_until(self._read, lambda now: not now.is_full, deadline_s=self._deadline_s)
        return Finding(
            not after.is_full,
            f"less than {FULL_SHARE:.0%} used, writes accepted",
            f"before: {self.before.describe()}; after: {after.describe()}",
        )

    def verify_canaries(self) -> Finding:
        """Verify that every known worker executes a canary."""
        return WorkerIsGone(self._settings, deadline_s=self._deadline_s).verify_canaries()

    def _read(self) -> MemoryState:
        url = self._settings.redis_url
        refuses = any(state.code == "OOM" for state in try_writes(self._settings))
        with translate_redis_errors(url, "REDIS_URL"), open_redis(url, "REDIS_URL") as client:
            info = dict(client.info("memory"))
        return MemoryState(
            BrokerProbe(self._settings).state(),
            int(info["maxmemory"]),
            int(info["used_memory_rss"]),
            int(info["total_system_memory"]),
            refuses,
        )

    def _find_raised_bytes(self) -> int:
        """Return a limit that gives room; 0 if there is none now, or the machine has too little."""
        before, raised = self.before, float(self.before.limit_bytes)
        while before.broker.used_memory_bytes > ENOUGH_SHARE * raised > 0:
            raised *= self._raise_by
        rounded = math.ceil(raised / _MIB) * _MIB
        return rounded if rounded <= MACHINE_SHARE * before.machine_bytes else 0

    def _raise(self, raised: int) -> Step:
        return set_option(
            self._settings.redis_url,
            "REDIS_URL",
            "maxmemory",
            str(raised),
            f"raise the limit of Redis's memory from {self.before.limit_bytes / _MIB:.1f} MiB to "
            f"{raised / _MIB:.0f} MiB",
        )

    def _find_largest_queue(self) -> tuple[str, float]:
        """Return the queue with the most memory, and its share of the used memory."""
        sizes = self._families.groupby("family")["bytes"].sum()
        queues = sizes[sizes.index.str.startswith("queue ")]
        if queues.empty:
            return "", 0.0
        name = str(queues.idxmax())
        used = max(self.before.broker.used_memory_bytes, 1)
        return name.removeprefix("queue "), float(queues[name]) / used
