"""Reads a broker's state, results without expiry and workers' limits.

It only reads, so it can be used in production.
"""

import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pandas as pd

from securenet_obs.errors import RefusedError
from securenet_obs.probes.celery.client import open_inspector, query_workers
from securenet_obs.probes.celery.known_workers import read_worker_names
from securenet_obs.probes.celery.names import DIRECT_PREFIX, RESULT_PREFIX
from securenet_obs.probes.celery.redis_reading import format_address
from securenet_obs.probes.celery.results import ResultProbe

MAX_RESULTS = 10_000
"""Maximum number of results to check for a time to live; of more, these are a sample."""


@dataclass(frozen=True)
class BrokerState:
    """State that a Redis server reports."""

    version: str
    eviction_policy: str
    evicted_keys: int
    aof_enabled: bool
    """Whether every change is appended to a file, so that a restart keeps the queues."""
    last_write_ok: bool
    """Whether the last write to disk succeeded."""
    used_memory_bytes: int
    memory_limit_bytes: int
    """Memory that it may use: `maxmemory`, or all of the machine's memory without that limit."""
    clock_skew_s: float
    """Its clock minus ours, corrected for the duration of the request."""

    @property
    def memory_share(self) -> float:
        """Return the share of its memory that is used, 0 to 1."""
        return self.used_memory_bytes / self.memory_limit_bytes if self.memory_limit_bytes else 0.0


class BrokerProbe(ResultProbe):
    """Reads the state of the broker and the results, and the configuration of the workers.

    Every method raises UnreachableError when Redis does not answer, ForbiddenError when it denies
    access, and RefusedError when it executes nothing now.
    """

    def state(self) -> BrokerState:
        """Return the broker's state, from INFO alone because CONFIG may be forbidden."""
        with self._reading_broker():
            sent_at = time.time()
            seconds, microseconds = self._broker.time()  # type: ignore[misc]
            received_at = time.time()
            info: dict[str, Any] = self._broker.info("everything")  # type: ignore[assignment]
        local_time = (sent_at + received_at) / 2
        written = (info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status"))
        return BrokerState(
            version=str(info["redis_version"]),
            eviction_policy=str(info["maxmemory_policy"]),
            evicted_keys=int(info["evicted_keys"]),
            aof_enabled=bool(info["aof_enabled"]),
            last_write_ok=set(written) <= {"ok", None},
            used_memory_bytes=int(info["used_memory"]),
            memory_limit_bytes=int(info["maxmemory"]) or int(info["total_system_memory"]),
            clock_skew_s=seconds + microseconds / 1e6 - local_time,
        )

    def databases(self) -> dict[str, str]:
        """Return the addresses of the broker's and the results' databases, without passwords."""
        return {
            "broker": format_address(self._broker_url),
            "results": format_address(self._results_url),
        }

    def count_results_without_ttl(self) -> int:
        """Return how many of at most `MAX_RESULTS` results never expire."""
        with self._reading_results():
            keys = self._results.scan_iter(f"{RESULT_PREFIX}*", count=1000)
            some = [key for key, _ in zip(keys, range(MAX_RESULTS), strict=False)]
            with self._results.pipeline(transaction=False) as pipeline:
                for key in some:
                    pipeline.ttl(key)
                return pipeline.execute().count(-1)

    def workers(self, deadline_s: float) -> pd.DataFrame:
        """Return the configuration of each worker that answers; none can if Redis refuses writes.

        Args:
            deadline_s: seconds to wait for the answers of all workers, whose number is not known;
                one with a control queue has more time.

        Returns:
            A row for each worker: `worker`, `queues` (a list, without its direct queue),
            `hard_limit_s` (NaN for none), `visibility_timeout_s`, `versions` (package -> version).
        """
        queues, configuration, reports = {}, {}, {}
        with suppress(RefusedError), open_inspector(self._settings, deadline_s) as inspect:
            queues, configuration, reports = query_workers(
                inspect,
                *("active_queues", "conf", "report"),
                known=read_worker_names(self._settings),
            )
        rows = [
            _summarise_worker(
                name, queues[name], configuration.get(name, {}), reports.get(name, {})
            )
            for name in sorted(queues)
        ]
        columns = ["worker", "queues", "hard_limit_s", "visibility_timeout_s", "versions"]
        return pd.DataFrame(rows, columns=columns)


def _summarise_worker(
    name: str, queues: list[dict[str, Any]], conf: dict[str, Any], report: dict[str, Any]
) -> dict[str, Any]:
    limit = conf.get("task_time_limit")
    transport = conf.get("broker_transport_options") or {}
    versions = re.findall(r"\b(celery|kombu|billiard):(\d[\w.]*)", str(report.get("ok", "")))
    return {
        "worker": name,
        "queues": sorted(
            queue["name"] for queue in queues if not queue["name"].startswith(DIRECT_PREFIX)
        ),
        "hard_limit_s": math.nan if limit is None else float(limit),
        # kombu's default: an unacknowledged task is redelivered after an hour.
        "visibility_timeout_s": float(transport.get("visibility_timeout", 3600)),
        "versions": dict(versions),
    }
