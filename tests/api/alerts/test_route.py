"""Authentication, bounds and answers of POST /v1/alerts."""

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import func, select

from securenet_obs.api.alerts.route import MAX_BYTES, has_token, is_signed
from securenet_obs.store import Alert, session_scope
from tests.api.alerts.conftest import SECRET, TOKEN, Send
from tests.vendor_alerts import alertmanager, event_alert, sentry_headers

ERROR = event_alert("redis.exceptions.ReadOnlyError: You can't write against a read only replica.")
RULE = alertmanager("SecureNetBeatIsSilent", "Beat has not ticked.")


def count_alerts() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count()).select_from(Alert)) or 0


@pytest.mark.parametrize("alert", [ERROR, RULE], ids=["sentry", "alertmanager"])
def test_an_alert_is_accepted(alert: tuple[str, dict[str, object]], send: Send) -> None:
    """Once it is stored the answer is 202."""
    answer = send(alert)
    assert answer.status_code == 202
    assert [row["state"] for row in answer.json()["alerts"]] == ["waiting"]
    assert count_alerts() == 1


def test_a_caller_without_the_secret_is_refused(client: TestClient, send: Send) -> None:
    """401 and nothing is stored: a wrong secret, another body, a wrong token, nothing at all."""
    other = sentry_headers(SECRET, "event_alert", b'{"action": "triggered"}')
    answers = [
        send(ERROR, secret="another"),
        send(RULE, token="another"),
        send(RULE, token=""),
        client.post("/v1/alerts", content=b'{"action": "created"}', headers=other),
        client.post("/v1/alerts", content=b"{}", headers={"Sentry-Hook-Signature": "é".encode()}),
        client.post("/v1/alerts", content=b"{}", headers={"Authorization": f"Basic {TOKEN}"}),
        client.post("/v1/alerts", content=b"{}"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert all("WWW-Authenticate" in answer.headers for answer in answers)
    assert count_alerts() == 0


def test_an_unset_secret_refuses_every_caller() -> None:
    """The HMAC of an empty key, and an empty token, are known to anybody."""
    nothing = SecretStr("")
    signature = sentry_headers("", "issue", b"{}")["Sentry-Hook-Signature"]
    assert not is_signed(nothing, b"{}", signature)
    assert not has_token(nothing, "Bearer ")
    assert has_token(SecretStr("t"), "bearer t")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"[]", 422),
        (b"{", 422),
        (b"\xff", 422),
        (b"[" * 100_000, 422),
        (b'{"alerts": "' + b"x" * MAX_BYTES + b'"}', 413),
        (b"{}", 202),
        (b'{"alerts": [1, {"labels": 2, "annotations": []}]}', 202),
    ],
    ids=["array", "cut", "not UTF-8", "deep", "large", "empty", "other types"],
)
def test_a_body_is_bounded_and_foreign(content: bytes, status: int, client: TestClient) -> None:
    """No body of an authenticated caller is a server error."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.post("/v1/alerts", content=content, headers=headers).status_code == status
