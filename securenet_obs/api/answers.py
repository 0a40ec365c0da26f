"""Error answers of the API: exception handlers, JSON models, headers, their OpenAPI description."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from securenet_obs.errors import (
    BodyRefusedError,
    IdempotencyKeyError,
    PayloadTooLargeError,
    PublishError,
    SchemaError,
    StrictJsonError,
    UnreachableError,
)
from securenet_obs.monitoring import current_ids

RETRY_AFTER_S = 5
"""Seconds after which a request that was answered 503 may be sent again."""

_MAX_PROBLEMS = 20

_log = structlog.get_logger(__name__)


class Refusal(BaseModel):
    """Answer to a request that was refused or could not be served."""

    detail: str
    request_id: str | None = None


class Failure(Refusal):
    """Answer to a request that failed; `event_id` is Sentry's."""

    event_id: str | None


class Problem(BaseModel):
    """A problem of a request, and its place."""

    type: str
    loc: list[int | str] = Field(
        description="Path of the place; in a batch, the index of the record follows `body`."
    )
    msg: str
    offset: int | None = Field(
        None, description="Offset of the place in the body, in bytes, if it is not strict JSON."
    )


class Invalid(BaseModel):
    """Answer to a request with an invalid body, path or header; no value is repeated."""

    detail: list[Problem]
    request_id: str | None = None


_MODELS: dict[int, type[BaseModel]] = {422: Invalid, 500: Failure}

_HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "Scheme of the key."},
    415: {"Accept-Encoding": "Encodings of a body that are accepted."},
    503: {"Retry-After": "Seconds after which the request may be sent again."},
}

_DESCRIPTIONS: dict[int, str] = {
    401: "The API key is missing or not valid.",
    403: "The key is another tenant's, or the diagnostics key is not valid.",
    404: "The caller has no such task.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is compressed, or not declared as JSON.",
    422: "The body is not strict JSON, or a part of the request is not valid.",
    500: "The service failed; an error event has the same id.",
    503: "A dependency did not answer, or too many large bodies arrive at a time.",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of the answers to errors for an operation's `responses`."""
    return {
        status: {
            "model": _MODELS.get(status, Refusal),
            "description": _DESCRIPTIONS[status],
            "headers": described_headers(_HEADERS.get(status, {})),
        }
        for status in statuses
    }


def described_headers(
    always: Mapping[str, str], sometimes: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Return OpenAPI's objects of these headers and of `X-Request-ID`, which each answer has."""
    every = {"X-Request-ID": "Id of the request, in log lines and error events too.", **always}
    return {
        name: {"description": text, "required": name in every, "schema": {"type": "string"}}
        for name, text in {**every, **sometimes}.items()
    }


def add_error_answers(service: FastAPI) -> None:
    """Register the handler of each exception."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[JSONResponse]]] = {
        RequestValidationError: _answer_invalid,
        StrictJsonError: _answer_malformed,
        BodyRefusedError: _answer_refused,
        IdempotencyKeyError: _answer_unusable_key,
        PayloadTooLargeError: _answer_too_large,
        PublishError: _answer_unavailable,
        SchemaError: _answer_unavailable,
        UnreachableError: _answer_unavailable,
    }
    for error, handler in handlers.items():
        service.add_exception_handler(error, handler)


async def _answer_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 422 with each error and its location; FastAPI's own answer repeats the whole input."""
    problems = [{name: row[name] for name in ("type", "loc", "msg")} for row in error.errors()]
    return _invalid(problems[:_MAX_PROBLEMS])


async def _answer_malformed(_: Request, error: StrictJsonError) -> JSONResponse:
    place = {"loc": ["body", *error.path], "offset": error.offset}
    return _invalid([{"type": "json_invalid", "msg": str(error), **place}])


async def _answer_unusable_key(_: Request, error: IdempotencyKeyError) -> JSONResponse:
    place = ["header", "Idempotency-Key"]
    return _invalid([{"type": "idempotency_key", "msg": str(error), "loc": place}])


async def _answer_refused(_: Request, error: BodyRefusedError) -> JSONResponse:
    _log.warning("body_refused", reason=str(error), status=error.status)
    return _answer(error.status, str(error), error.headers)


async def _answer_too_large(_: Request, error: PayloadTooLargeError) -> JSONResponse:
    return _answer(413, str(error), {})


async def _answer_unavailable(_: Request, error: Exception) -> JSONResponse:
    """Answer 503, since a later attempt may succeed; the log names the unavailable dependency."""
    _log.warning("dependency_unavailable", reason=str(error), cause=type(error.__cause__).__name__)
    return _answer(503, str(error), {"Retry-After": str(RETRY_AFTER_S)})


def _invalid(problems: Sequence[Mapping[str, Any]]) -> JSONResponse:
    content = {"detail": problems, "request_id": current_ids().get("request_id")}
    return JSONResponse(content, status_code=422)


def _answer(status: int, detail: str, headers: Mapping[str, str]) -> JSONResponse:
    content = {"detail": detail, "request_id": current_ids().get("request_id")}
    return JSONResponse(content, status_code=status, headers=dict(headers))
