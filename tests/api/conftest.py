"""Fixtures: the API as a real server, with keys of two tenants and a recording Sentry."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from securenet_obs.api.api_keys import create_keys_in
from securenet_obs.monitoring.sentry.recorder import SentryRecorder, recording_sentry
from securenet_obs.processes.ports import find_free_ports
from tests.forked_python import ForkedPython
from tests.stores import create_sqlite
from tests.waiting import eventually

WAITING = """
import securenet_obs.store.waits, securenet_obs.workers.connections
from securenet_obs.store.waits import REQUEST, TASK

vars(REQUEST).update(vars(TASK))
securenet_obs.workers.connections.SOCKET_TIMEOUT_S = 8.0
from securenet_obs.api.app import app
"""
"""An API whose requests wait for store and Redis for seconds: a held one refuses none of them."""

DIAGNOSTICS = {"DIAGNOSTICS_ENABLED": "true", "DIAGNOSTICS_KEY": "the-diagnostics-key"}


@dataclass(frozen=True)
class Api:
    """A running API, and keys of the tenants `acme` and `first`; its client sends acme's."""

    client: httpx.Client
    keys: dict[str, str]
    log: Path
    sentry: SentryRecorder
    environment: dict[str, str]

    def lines(self) -> list[dict[str, Any]]:
        """Return every line of its log; each must be JSON."""
        ended, _, _ = self.log.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in ended.splitlines()]

    def lines_of(self, request_id: str) -> list[dict[str, Any]]:
        """Wait for the last line of a request, written after the answer, and return them all."""

        def lines() -> list[dict[str, Any]]:
            ours = [line for line in self.lines() if line.get("request_id") == request_id]
            return ours if any(line["event"] == "request_finished" for line in ours) else []

        found = eventually(lines)
        assert found, request_id
        return found

    def bearer(self, tenant_id: str) -> dict[str, str]:
        """Return the header with a tenant's key."""
        return {"Authorization": f"Bearer {self.keys[tenant_id]}"}

    def diagnose(
        self,
        key: str = DIAGNOSTICS["DIAGNOSTICS_KEY"],
        *,
        headers: Mapping[str, str] | None = None,
        **body: str,
    ) -> httpx.Response:
        """Request a diagnostic error."""
        request = {"canary": "c", "where": "api", "tenant_id": "acme", "secret": "hunter2hunter2"}
        planted = {"X-Diagnostics-Key": key, "Authorization": "Bearer hunter2hunter2"}
        planted["Cookie"] = "session=hunter2hunter2"
        url = "/v1/diagnostics/error?password=hunter2hunter2"
        return self.client.post(url, json=request | body, headers={**planted, **(headers or {})})


@contextmanager
def serving(
    python: ForkedPython, environment: dict[str, str], folder: Path, *, hurries: bool = False
) -> Iterator[Api]:
    """Run the API on a free port; one that hurries refuses requests in time, as deployed ones."""
    (port,) = find_free_ports(1)
    log = folder / "api.log"
    (folder / "waiting.py").write_text(WAITING)
    module = "securenet_obs.api.app" if hurries else "waiting"
    command = ["-m", "uvicorn", f"{module}:app", "--port", str(port)]
    with recording_sentry() as sentry, log.open("wb") as output:
        store = create_sqlite(folder / "s.sqlite3")
        keys = create_keys_in(store, ("acme", "first"), "tests")
        variables = {**os.environ, "DATABASE_URL": store}
        variables |= {"SENTRY_DSN": sentry.dsn, "ENVIRONMENT": "test", **environment}
        process = python.start(command, env=variables, output=output.fileno(), cwd=folder)
        try:
            # A server closes idle connections: a request to one at that moment would be reset.
            limits = httpx.Limits(keepalive_expiry=1)
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, timeout=30, limits=limits) as client:
                wait_until_live(client, log)
                served = Api(client, keys, log, sentry, variables)
                client.headers.update(served.bearer("acme"))
                yield served
        finally:
            process.terminate()
            process.wait(60)


def wait_until_live(client: httpx.Client, log: Path) -> None:
    def is_live() -> bool:
        try:
            return client.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    assert eventually(is_live), log.read_text()


@pytest.fixture(scope="module")
def api(
    python: ForkedPython, redis_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Yield an API with diagnostics and a Redis without workers."""
    folder = tmp_path_factory.mktemp("api")
    with serving(python, {**redis_server.environment, **DIAGNOSTICS}, folder) as served:
        yield served


@pytest.fixture
def serve(
    python: ForkedPython, redis_server: Any, tmp_path: Path
) -> Callable[..., AbstractContextManager[Api]]:
    """Return a function that runs another API, with diagnostics, for a block."""

    def serve(*, hurries: bool = False, **environment: str) -> AbstractContextManager[Api]:
        variables = {**redis_server.environment, **DIAGNOSTICS, **environment}
        return serving(python, variables, tmp_path, hurries=hurries)

    return serve


@pytest.fixture
def record() -> dict[str, str]:
    """Return a network record."""
    return {"timestamp": "2026-01-01T00:00:00Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
