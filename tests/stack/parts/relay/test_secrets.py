"""No secret of the leaks that the diagnostics provoke is in the relay, in any kind of item."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from securenet_obs import probes
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings, load_settings
from securenet_obs.stack import LocalStack

TASKS = "securenet_obs.workers.tasks"
WANTED = {"/v1/diagnostics/leak": 2, f"{TASKS}.leak_canary": 2, "/v1/tenants/{tenant_id}/logs": 1}
"""Transactions that must have arrived, by name: one of two requests is refused."""


@pytest.fixture
def target(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Yield the settings of the stack while its API and worker trace everything."""
    for part in ("api", "worker"):
        stack.restart_part(part, {"SENTRY_TRACES_SAMPLE_RATE": "1"})
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    yield load_settings()
    for part in ("api", "worker"):
        stack.restart_part(part)


def test_nothing_stored_contains_a_secret(target: Settings, stack: LocalStack) -> None:
    """Names, URLs, headers, breadcrumbs, spans and SQL of transactions are masked."""
    relay = RelayReader(target)
    before = len(relay.read_payloads(5))
    canary = probes.generate_canary()
    plant = probes.plant_secrets(target, canary, "tenant-canary")
    secret = plant.places["query string"].marker
    key = target.tenant_keys["tenant-canary"].get_secret_value()
    httpx.post(
        f"{target.api_url}/v1/tenants/tenant-canary/logs?token={secret}&password={secret}",
        json=[{"password": secret}],
        headers={"Authorization": f"Bearer {key}", "Cookie": f"session={secret}"},
    )

    def arrived() -> list[dict[str, Any]]:
        return relay.read_payloads(5)[before:]

    def is_complete(items: list[dict[str, Any]]) -> bool:
        names = [item.get("transaction") for item in items]
        return all(names.count(name) >= number for name, number in WANTED.items())

    items = poll_until(arrived, is_complete, deadline_s=60)
    assert is_complete(items), sorted(str(item.get("transaction")) for item in items)
    stored = json.dumps(items).encode()
    assert canary.encode() in stored
    assert b"/v1/diagnostics/leak" in stored
    assert "SELECT" in str(
        [span["description"] for item in items for span in item.get("spans", [])]
    )
    found = probes.count_occurrences(plant, {"relay": stored})
    assert found[found.relay > 0].kind.to_list() == []
    for value in (key, stack.environment["SENTRY_AUTH_TOKEN"], target.diagnostics_key):
        assert str(value).encode() not in stored
    redis_password = stack.environment["REDIS_URL"].split("@")[0].rpartition(":")[2]
    assert redis_password.encode() not in stored


def test_the_relays_log_has_no_key(stack: LocalStack) -> None:
    """Neither the key of the DSN nor the token, which are in requests, is logged."""
    url, token = stack.environment["SENTRY_RELAY_URL"], stack.environment["SENTRY_AUTH_TOKEN"]
    key = stack.environment["SENTRY_DSN"].partition("//")[2].partition("@")[0]
    httpx.post(f"{url}/api/1/envelope/?sentry_key={key}", content=b"{}\n{malformed")
    httpx.get(f"{url}/relay/items/", headers={"Authorization": f"Bearer {token}"})
    log = stack.parts["relay"].log.read_text()
    assert log
    assert key not in log
    assert token not in log
    assert token not in stack.parts["relay"].command
    assert key not in (stack.parts["relay"].folder / "relay.sqlite3").read_text("latin-1")
