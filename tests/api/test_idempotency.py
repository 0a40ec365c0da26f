"""The header Idempotency-Key, on a real server."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

PATH = "/v1/tenants/acme/logs"


def post(api: Any, body: Any, *keys: str, path: str = PATH, tenant: str = "acme") -> httpx.Response:
    """Send a batch with these keys."""
    headers = [(b"Idempotency-Key", key.encode()) for key in keys]
    headers += [(b"Content-Type", b"application/json")]
    headers += [(name.encode(), value.encode()) for name, value in api.bearer(tenant).items()]
    answer: httpx.Response = api.client.post(path, content=json.dumps(body), headers=headers)
    return answer


def test_a_repeated_batch_has_the_same_answer(api: Any, record: dict[str, str]) -> None:
    """Status and body are those of the first; a header marks the repetition."""
    first, second = (post(api, [record], "repeated") for _ in range(2))
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert first.status_code == 202
    marks = [answer.headers.get("Idempotent-Replayed") for answer in (first, second)]
    assert marks == [None, "true"]
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]


def test_without_a_key_each_batch_is_new(api: Any, record: dict[str, str]) -> None:
    """Equal batches may be different traffic."""
    first, second = (post(api, [record]).json() for _ in range(2))
    assert first["task_id"] != second["task_id"]


def test_twenty_clients_have_the_same_answer(api: Any, record: dict[str, str]) -> None:
    """Requests at the same time are one batch."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: post(api, [record], "at-once"), range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1


def test_another_body_is_refused(api: Any, record: dict[str, str]) -> None:
    """422 has the place, and neither key nor body."""
    post(api, [record], "hunter2")
    refused = post(api, [record, record], "hunter2")
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (
        422,
        ["header", "Idempotency-Key"],
    )
    assert "hunter2" not in refused.text
    assert post(api, [record], "hunter2", path="/v1/tenants/first/logs", tenant="first").is_success


@pytest.mark.parametrize("keys", [[""], ["a b"], ["x" * 256], ["ä"], ["k1", "k1"]])
def test_an_unusable_key_is_refused(api: Any, record: dict[str, str], keys: list[str]) -> None:
    """A key has 1 to 255 visible ASCII characters, and a request has at most one."""
    refused = post(api, [record], *keys)
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (
        422,
        ["header", "Idempotency-Key"],
    )


def test_the_longest_key_is_accepted(api: Any, record: dict[str, str]) -> None:
    """Every visible ASCII character may be part of a key."""
    key = "".join(map(chr, range(0x21, 0x7F))).ljust(255, "~")
    assert post(api, [record], key).json()["task_id"] == post(api, [record], key).json()["task_id"]


def test_after_503_the_same_key_is_accepted(
    serve: Any, redis_server: Any, record: dict[str, str]
) -> None:
    """A batch that the broker did not take is not stored; its repetition is."""
    with serve(REDIS_URL="redis://127.0.0.1:1/0") as served:
        assert post(served, [record], "k1").status_code == 503
    with serve() as served:
        first, second = (post(served, [record], "k1") for _ in range(2))
    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (202, False)
    assert second.json() == first.json()
