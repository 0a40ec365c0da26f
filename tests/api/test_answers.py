"""Answers to errors, by a small application whose route raises each of them."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from securenet_obs import errors
from securenet_obs.api.answers import RETRY_AFTER_S, add_error_answers, answers

BODY_REFUSED = errors.BodyRefusedError(415, "compressed", {"Accept-Encoding": "identity"})


def answer(error: Exception) -> tuple[int, object, dict[str, str]]:
    """Return status, detail and headers of the answer to a request that raises the error."""
    service = FastAPI()
    add_error_answers(service)

    @service.get("/")
    async def fail() -> None:
        raise error

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(service)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/")

    response = asyncio.run(get())
    return response.status_code, response.json()["detail"], dict(response.headers)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BODY_REFUSED, 415),
        (errors.PayloadTooLargeError("too large"), 413),
        (errors.PublishError("no broker"), 503),
        (errors.SchemaError("no schema"), 503),
        (errors.StoreUnavailableError("no store"), 503),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int) -> None:
    """The detail is the error's message; 503 has the time after which to retry."""
    answered, detail, headers = answer(error)
    assert (answered, detail) == (status, str(error))
    assert headers.get("retry-after") == (str(RETRY_AFTER_S) if status == 503 else None)


def test_a_refused_body_has_its_headers() -> None:
    """The headers that the error carries are in the answer, and the refusal is logged."""
    with capture_logs() as lines:
        assert answer(BODY_REFUSED)[2]["accept-encoding"] == "identity"
    assert [line["event"] for line in lines] == ["body_refused"]


def test_a_flaw_of_json_has_its_place() -> None:
    """422 names the path and the offset in the body."""
    status, problems, _ = answer(errors.StrictJsonError("NaN", [1, "x"], 17))
    assert status == 422
    assert problems == [
        {"type": "json_invalid", "msg": "NaN", "loc": ["body", 1, "x"], "offset": 17}
    ]


def test_an_unusable_key_names_its_header() -> None:
    """422 names the header of the idempotency key."""
    status, problems, _ = answer(errors.IdempotencyKeyError("used before"))
    assert (status, problems[0]["loc"]) == (422, ["header", "Idempotency-Key"])  # type: ignore[index]


def test_each_described_status_has_headers_and_model() -> None:
    """OpenAPI's description names the headers of each answer, the request id always."""
    described = answers(401, 422, 500, 503)
    headers = {status: sorted(row["headers"]) for status, row in described.items()}
    assert headers == {
        401: ["WWW-Authenticate", "X-Request-ID"],
        422: ["X-Request-ID"],
        500: ["X-Request-ID"],
        503: ["Retry-After", "X-Request-ID"],
    }
    assert len({row["model"] for row in described.values()}) == 3
