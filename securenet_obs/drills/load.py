"""Submits batches, at once or one by one, each with records of its own minute; keeps answers."""

import random
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

import httpx

from securenet_obs.settings import Settings

RECORDS = 40
"""Network records in a batch."""

CLIENTS = 8
"""Number of concurrent submissions before the fault."""

INTERVAL_S = 0.1
"""Seconds between two batches during the fault."""

_ANSWER_S = 10.0
_MINUTES = 50_000_000

SubmissionOutcome = Literal["accepted", "refused", "unknown"]
"""Outcome of a submission: 202; another status or no connection; or a broken connection."""


@dataclass(frozen=True)
class SubmittedBatch:
    """A batch that was sent; its tenant has no other records in its minute.

    `task_id` is empty unless it was accepted; `response_s` is the response time in seconds.
    """

    tenant_id: str
    minute: datetime
    outcome: SubmissionOutcome
    task_id: str
    response_s: float

    @property
    def label(self) -> str:
        """Name of the batch in a report."""
        return self.task_id or f"{self.outcome} batch of {self.tenant_id} at {self.minute:%FT%R}"


class Load:
    """Submits batches for the tenants that a target's API_KEYS name, and keeps every answer."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        keys = Settings(api_keys=environment["API_KEYS"]).tenant_keys
        self._headers = {
            tenant_id: {"Authorization": f"Bearer {key.get_secret_value()}"}
            for tenant_id, key in keys.items()
        }
        self._url = environment["API_URL"]
        self._first = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(
            minutes=random.randrange(_MINUTES)  # noqa: S311
        )
        self._sent = 0
        self._answers: list[SubmittedBatch] = []

    @property
    def submitted(self) -> tuple[SubmittedBatch, ...]:
        """Batches sent so far, with their answers."""
        return tuple(self._answers)

    def submit(self, count: int) -> None:
        """Submit `count` batches as fast as the API takes them."""
        with self._open_client() as client, ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: self._send(client, number), self._allocate_numbers(count)))

    def trickle(
        self, max_batches: int, over: threading.Event, every_s: float = INTERVAL_S
    ) -> list[SubmittedBatch]:
        """Submit a batch every `every_s` until `over` is set or `max_batches` are sent."""
        sent = []
        with self._open_client() as client:
            for number in self._allocate_numbers(max_batches):
                sent.append(self._send(client, number))
                if over.wait(every_s):
                    break
        return sent

    def _allocate_numbers(self, count: int) -> Iterable[int]:
        for _ in range(count):
            self._sent += 1
            yield self._sent

    def _open_client(self) -> httpx.Client:
        # The API closes idle connections, and a request to one at that moment has no answer.
        limits = httpx.Limits(keepalive_expiry=1)
        return httpx.Client(base_url=self._url, timeout=_ANSWER_S, trust_env=False, limits=limits)

    def _send(self, client: httpx.Client, number: int) -> SubmittedBatch:
        minute = self._first + timedelta(minutes=number)
        tenant_id = list(self._headers)[number % len(self._headers)]
        records = [
            {
                "timestamp": f"{minute:%FT%R}:{second:02}Z",
                "src_ip": "192.0.2.1",
                "dest_ip": "198.51.100.1",
                "dest_port": 443,
                "proto": "tcp",
                "event_type": "flow",
                "bytes": 512,
            }
            for second in range(RECORDS)
        ]
        began = time.monotonic()
        answer, task_id = self._post(client, tenant_id, records)
        sent = SubmittedBatch(tenant_id, minute, answer, task_id, time.monotonic() - began)
        self._answers.append(sent)
        return sent

    def _post(
        self, client: httpx.Client, tenant_id: str, records: list[dict[str, object]]
    ) -> tuple[SubmissionOutcome, str]:
        headers = self._headers[tenant_id]
        try:
            answer = client.post(f"/v1/tenants/{tenant_id}/logs", json=records, headers=headers)
        except httpx.ConnectError:
            return "refused", ""
        except httpx.TransportError:
            return "unknown", ""
        if answer.status_code != httpx.codes.ACCEPTED:
            return "refused", ""
        return "accepted", answer.json()["task_id"]


class Trickle:
    """Submits batches one by one until `finish`, which submits the remaining ones at once."""

    def __init__(self, load: Load, count: int) -> None:
        self._load = load
        self._count = count
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        """Start submitting in a thread."""
        self._sent = self._pool.submit(self._load.trickle, self._count - CLIENTS, self._over)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop submitting, whether or not `finish` has submitted the remaining batches."""
        self._over.set()
        self._pool.shutdown()

    def finish(self) -> float:
        """Submit the remaining batches, once; return the longest response time before (seconds)."""
        self._over.set()
        one_by_one = self._sent.result()
        left, self._count = self._count - len(one_by_one), len(one_by_one)
        self._load.submit(left)
        return max((batch.response_s for batch in one_by_one), default=0.0)
