"""Transactions and check-ins of the SDK are read back from the stack's relay."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest
import sentry_sdk
from pydantic import SecretStr

from securenet_obs.errors import ForbiddenError, NotFoundError, SettingsError, UnreachableError
from securenet_obs.probes import CHAIN_TRANSACTIONS, ApiClient
from securenet_obs.probes.telemetry.relay import RelayReader
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from tests.busy import room_for
from tests.waiting import eventually

Answer = TypeVar("Answer")

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def sdk(target: Settings) -> Iterator[sentry_sdk.Client]:
    """Yield a client of the SDK that sends to the stack's DSN and traces everything."""
    client = sentry_sdk.Client(
        target.sentry_dsn, default_integrations=False, traces_sample_rate=1.0
    )
    yield client
    client.close(timeout=60)


def send_transaction(sdk: sentry_sdk.Client, name: str) -> str:
    """Send a transaction with one span, and return its trace id."""
    with sentry_sdk.isolation_scope() as scope, sentry_sdk.new_scope() as current:
        scope.set_client(sdk)
        current.set_client(sdk)
        with (
            sentry_sdk.start_transaction(name=name, op="test") as transaction,
            sentry_sdk.start_span(op="db", name="SELECT 1"),
        ):
            pass
        sdk.flush(60)
        return str(transaction.trace_id)


def answered(ask: Callable[[], Answer]) -> Answer:
    """Return the first answer of a relay that may be held for longer than the question's time."""
    found: list[Answer] = []

    def is_answered() -> bool:
        with suppress(UnreachableError):
            found.append(ask())
        return bool(found)

    eventually(is_answered)
    return found[0] if found else ask()


def test_a_transaction_is_read_back_by_its_trace(target: Settings, sdk: sentry_sdk.Client) -> None:
    """It has its name, operation and spans, also after Bugsink's first answer."""
    for name in ("first", "second"):
        trace_id = send_transaction(sdk, name)
        (found,) = RelayReader(target).find_transactions(trace_id, 60)
        assert (found.trace_id, found.name, found.op) == (trace_id, name, "test")
        (span,) = found.spans
        assert (span.op, span.description) == ("db", "SELECT 1")
        assert span.parent_span_id == found.span_id
        assert found.span_ids == {found.span_id, span.span_id}


def test_the_transactions_there_are_returned_at_the_deadline(
    target: Settings, sdk: sentry_sdk.Client
) -> None:
    """Fewer than expected are an answer, none are not."""
    trace_id = send_transaction(sdk, "alone")
    began = time.monotonic()
    reader = RelayReader(target)
    assert len(answered(lambda: reader.find_transactions(trace_id, 1.5, expected=2))) == 1
    with pytest.raises(NotFoundError, match=r"has no transaction after 1\.5 s"):
        answered(lambda: reader.find_transactions(uuid.uuid4().hex, 1.5))
    assert time.monotonic() - began < room_for(6)


def test_a_check_in_has_its_last_status(target: Settings, sdk: sentry_sdk.Client) -> None:
    """A run is one check-in, whichever of its two messages arrives first."""
    monitor, before = f"nightly-{uuid.uuid4().hex}", datetime.now(UTC)
    for check_in_id, statuses in {
        "a" * 32: ("in_progress", "ok"),
        "b" * 32: ("error", "in_progress"),
        "c" * 32: ("in_progress",),
    }.items():
        for status in statuses:
            sdk.capture_event(
                {
                    "type": "check_in",
                    "monitor_slug": monitor,
                    "check_in_id": check_in_id,
                    "status": status,
                }
            )
            sdk.flush(60)
    found = RelayReader(target).check_ins(monitor, 60)
    assert [check_in.status for check_in in found] == ["in_progress", "error", "ok"]
    assert all(before < check_in.began < datetime.now(UTC) for check_in in found)


def test_an_unknown_monitor_is_not_found(target: Settings) -> None:
    """The error has the monitor and the seconds."""
    with pytest.raises(NotFoundError, match=r"Monitor never has no check-in after 0\.5 s"):
        answered(lambda: RelayReader(target).check_ins("never", 0.5))


def test_a_wrong_token_is_forbidden_at_once(target: Settings) -> None:
    """It differs from an answer without the trace."""
    wrong = target.model_copy(update={"sentry_auth_token": SecretStr("0" * 40)})
    began = time.monotonic()
    for call in (RelayReader(wrong).find_transactions, RelayReader(wrong).check_ins):
        with pytest.raises(ForbiddenError, match="SENTRY_AUTH_TOKEN"):
            call(TRACE, 30)
    assert time.monotonic() - began < room_for(5)


def test_a_relay_that_is_away_is_unreachable(target: Settings) -> None:
    """It differs from an answer without the trace."""
    away = target.model_copy(update={"sentry_relay_url": "http://127.0.0.1:9"})
    with pytest.raises(UnreachableError, match="does not answer"):
        RelayReader(away).find_transactions(TRACE, 0.5)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"items": []},
        {"items": [], "next": "x"},
        {"items": [], "next": 0},
        {"items": 7, "next": None},
        {"items": [7], "next": None},
        {"items": [{"payload": [], "received": 0}], "next": None},
        {"items": [{"payload": {}, "received": "0"}], "next": None},
    ],
)
def test_another_server_is_not_a_relay(http_server, body: object) -> None:
    """JSON of another shape is not an answer without the trace."""
    http_server.answers((200, body))
    settings = Settings(sentry_relay_url=http_server.url, sentry_auth_token="t0ken")
    with pytest.raises(UnreachableError, match="check SENTRY_RELAY_URL"):
        RelayReader(settings).find_transactions(TRACE, 0.3)


def test_pages_are_followed(http_server) -> None:
    """Each page is read after the last item of the one before."""

    def row(number: int) -> dict[str, object]:
        payload = {"transaction": str(number), "contexts": {"trace": {"trace_id": TRACE}}}
        return {"number": number, "received": 0.0, "payload": payload}

    pages = [{"items": [row(7)], "next": 7}, {"items": [row(9)], "next": None}]
    http_server.answers(*((200, page) for page in pages))
    settings = Settings(sentry_relay_url=http_server.url, sentry_auth_token="t0ken")
    found = RelayReader(settings).find_transactions(TRACE, 60, expected=2)
    assert [transaction.name for transaction in found] == ["7", "9"]
    assert [path.rpartition("after=")[2] for path, _ in http_server.requests] == ["0", "7"]


@pytest.mark.parametrize("name", ["sentry_relay_url", "sentry_auth_token"])
def test_a_missing_setting_is_named(name: str) -> None:
    """The error has the name of the variable."""
    given = {"sentry_relay_url": "http://127.0.0.1:9", "sentry_auth_token": "t0ken"}
    with pytest.raises(SettingsError, match=name.upper()):
        RelayReader(Settings(**{**given, name: ""}))


def provoke(api: ApiClient, decision: str) -> str:
    """Provoke the chain of a request, a task and its child; return its trace id."""
    trace_id = uuid.uuid4().hex
    headers = {"sentry-trace": f"{trace_id}-{'b' * 16}{decision}"}
    options: Any = {"where": "chain", "tenant_id": "tenant-canary", "secret": "none"}
    api.raise_error("canary", headers=headers, **options)
    return trace_id


@pytest.mark.slow
def test_one_decision_holds_for_the_whole_trace(target: Settings) -> None:
    """The caller's decision holds in API, worker and child; without one, the API's does."""
    api, reader = ApiClient(target), RelayReader(target)
    assert target.sentry_traces_sample_rate == 0.1
    unsampled = [provoke(api, "-0") for _ in range(10)]
    undecided = [provoke(api, "") for _ in range(40)]
    sampled = [provoke(api, "-1") for _ in range(5)]
    for trace_id in sampled:
        names = {found.name for found in reader.find_transactions(trace_id, 120, expected=3)}
        assert names == set(CHAIN_TRANSACTIONS)

    def count() -> Counter[str]:
        payloads = answered(lambda: reader.read_payloads(10, kind="transaction"))
        return Counter(payload["contexts"]["trace"]["trace_id"] for payload in payloads)

    # The last transactions of the others may arrive behind those of the sampled ones.
    counts = poll_until(
        count, lambda found: {found[trace_id] for trace_id in undecided} <= {0, 3}, deadline_s=120
    )
    assert [counts[trace_id] for trace_id in unsampled] == [0] * 10
    assert {counts[trace_id] for trace_id in undecided} <= {0, 3}
    assert sum(counts[trace_id] > 0 for trace_id in undecided) < 20


def test_polling_leaves_no_transaction(target: Settings) -> None:
    """Health checks and requests for a task's state are not traced, even in a sampled trace."""
    trace_id = uuid.uuid4().hex
    headers = {"sentry-trace": f"{trace_id}-{'b' * 16}-1"}
    key = target.tenant_keys["tenant-canary"].get_secret_value()
    for path in ("/health/live", "/health/ready", "/v1/tasks/none", "/docs"):
        bearer = {"Authorization": f"Bearer {key}"}
        httpx.get(f"{target.api_url}{path}", headers={**headers, **bearer}, timeout=60)
    (found,) = RelayReader(target).find_transactions(trace_id, 60)
    assert found.name.endswith("/docs")
