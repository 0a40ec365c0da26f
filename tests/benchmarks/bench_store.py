"""Cost of accepting a batch: the API on SQLite and on PostgreSQL, side by side.

    python tests/benchmarks/bench_store.py [--json FILE]

Two APIs with a Redis of their own accept batches of 100 records from eight clients at once; rounds
alternate between them. Both stores write durably, as in a deployment. The name of a call has its
accepted batches per second; `p95` is the time in which 95 % of a round's requests are answered.
Without an installed PostgreSQL only SQLite is measured.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from rounds import Row, Times, report, rows

from securenet_obs.api.api_keys import create_keys_in
from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.stack.parts.database import PostgresAccess, create_postgresql_part
from securenet_obs.store.migration import migrate

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
ROUNDS, CLIENTS, BATCHES, RECORDS = 9, 8, 12, 100
RECORD = {"timestamp": "2026-01-01T00:00:05Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
TENANT = "tenant-a"


@contextmanager
def api(url: str, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """Run an API on the store at `url`, and yield a client with a tenant's key."""
    migrate(url)
    key = create_keys_in(url, [TENANT], "benchmark")[TENANT]
    (port,) = find_free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "securenet_obs.api.app:app", "--port", str(port)],
        env={**os.environ, **environment, "DATABASE_URL": url, "SENTRY_DSN": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False
        ) as client:
            poll_until(lambda: _is_ready(client), deadline_s=60, interval_s=0.1)
            yield client
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def _submit(client: httpx.Client) -> list[float]:
    """Submit batches one after another, and return the seconds of each."""
    seconds = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        answer = client.post(f"/v1/tenants/{TENANT}/logs", json=[RECORD] * RECORDS)
        assert answer.status_code == 202, answer.text
        seconds.append(time.perf_counter() - began)
    return seconds


def _round(client: httpx.Client) -> tuple[float, float]:
    """Return the seconds for each accepted batch, and the 95th percentile of a request's."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(_submit, [client] * CLIENTS))
    elapsed_s = time.perf_counter() - began
    seconds = [second for answer in answers for second in answer]
    return elapsed_s / len(seconds), statistics.quantiles(seconds, n=20)[-1]


def measured() -> Iterator[Row]:
    """Yield the rows of the whole benchmark."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        guard = ends.enter_context(Guard())
        redis = RedisAccess(find_free_ports(1)[0])
        ends.enter_context(create_redis_part(folder / "redis", redis, guard))
        urls = {SQLITE: f"sqlite:///{folder}/store.sqlite3"}
        server = PostgresAccess(find_free_ports(1)[0])
        try:
            ends.enter_context(create_postgresql_part(folder / "postgresql", server, guard))
        except StackError as error:
            print(error, file=sys.stderr)
        else:
            urls[POSTGRESQL] = server.url()
        clients = {
            name: ends.enter_context(api(url, redis.environment)) for name, url in urls.items()
        }
        batches: Times = {name: [] for name in clients}
        p95: Times = {name: [] for name in clients}
        for client in clients.values():
            _round(client)
        for _ in range(ROUNDS):
            for name, client in clients.items():
                batch_s, p95_s = _round(client)
                batches[name].append(batch_s)
                p95[name].append(p95_s)
        for row in rows("accepted batch", batches, SQLITE):
            yield replace(row, call=f"{row.call}, {1e6 / row.microseconds:.0f}/s")
        yield from rows("p95", p95, SQLITE)


if __name__ == "__main__":
    report("store", measured())
