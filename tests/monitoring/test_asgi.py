"""The correlation middleware around small ASGI applications."""

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from securenet_obs.monitoring.asgi import App, CorrelationMiddleware, Message
from securenet_obs.monitoring.correlation import bind_tenant, current_ids
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.hostile import hostile_classes


def call(app: App, *headers: tuple[bytes, bytes], kind: str = "http") -> list[Message]:
    """Return the messages that the middleware sends for one request to `app`."""
    scope = {"type": kind, "method": "GET", "path": "/p", "headers": list(headers)}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    asyncio.run(CorrelationMiddleware(app)(scope, receive, send))  # type: ignore[arg-type]
    return sent


async def stream(scope: Message, receive: Any, send: Any) -> None:
    """Answer in two messages."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"b"})


def test_a_streamed_response_is_not_buffered() -> None:
    """Each message is sent at once, and the first one has the header."""
    start, first, second = call(stream, (b"x-request-id", b"req-00000001"))
    assert start["headers"] == [(b"x-request-id", b"req-00000001")]
    assert (first["body"], second["body"]) == (b"a", b"b")


def test_a_repeated_request_id_is_replaced() -> None:
    """Two X-Request-ID headers are ignored, and a new id is used."""
    twice = (b"x-request-id", b"req-00000001"), (b"x-request-id", b"req-00000002")
    start, *_ = call(stream, *twice)
    assert dict(start["headers"])[b"x-request-id"] not in {b"req-00000001", b"req-00000002"}


def test_an_error_before_the_response_is_answered() -> None:
    """The answer is 500 in JSON with the request id, and a line has the exception."""

    async def fail(*_: Any) -> None:
        bind_tenant("acme")
        raise RuntimeError("inside")

    with capture_logs() as lines:
        start, body = call(fail)
    assert start["status"] == 500
    content = json.loads(body["body"])
    assert content["detail"] == "internal error"
    assert content["request_id"].encode() == dict(start["headers"])[b"x-request-id"]
    assert [line["event"] for line in lines] == ["request_failed", "request_finished"]


def test_an_error_after_the_response_started_is_raised() -> None:
    """A second answer is impossible, so the server must close the connection."""

    async def fail(scope: Message, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        call(fail)


def test_the_lifespan_passes_through() -> None:
    """The lifespan of an application has no ids."""
    seen: list[dict[str, str]] = []

    async def look(*_: Any) -> None:
        seen.append(current_ids())

    assert call(look, kind="lifespan") == []
    assert seen == [{}]


HOSTILE = """
    import asyncio, json, os
    import structlog
    from starlette.exceptions import HTTPException
    from securenet_obs.monitoring import *
    from tests.monitoring.hostile import hostile_classes
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")

    def answer(kind, sent):
        async def app(scope, receive, send):
            raise kind("hostile")
        async def send(message):
            sent.append(message)
        scope = {"type": "http", "method": "GET", "path": "/p", "headers": []}
        asyncio.run(CorrelationMiddleware(app)(scope, None, send))

    for label, kind in hostile_classes().items():
        sent = []
        answer(kind, sent)
        assert [message["type"] for message in sent][-1] == "http.response.body", label
        assert json.loads(sent[-1]["body"])["event_id"], label
        flush_sentry(10)
    assert lost_events() == {}
"""


@pytest.mark.slow
def test_a_hostile_exception_is_answered(run: Any, sentry: SentryRecorder) -> None:
    """Whatever an exception's attributes answer: 500 with the event's id, a line and an event."""
    finished = run(HOSTILE, SENTRY_DSN=sentry.dsn)
    assert finished.code == 0, finished.stderr
    failed = [line for line in finished.lines if line["event"] == "request_failed"]
    assert len(failed) == len(sentry.events) == len(hostile_classes())
    ids = {event["event_id"] for event in sentry.events}
    assert {line["sentry_event_id"] for line in failed} == ids


def test_an_exception_that_claims_to_be_another_class() -> None:
    """`__class__` of the exception that is being handled is not believed, nor read."""

    async def app(scope: Message, receive: Any, send: Any) -> None:
        try:
            raise type("Odd", (Exception,), {"__class__": property(lambda self: 1 / 0)})
        except Exception:  # noqa: BLE001
            await send({"type": "http.response.start", "status": 503, "headers": []})

    assert call(app)[0]["status"] == 503


def test_the_callers_traceparent_is_continued_and_returned(
    run: Any, sentry: SentryRecorder
) -> None:
    """The response has the same trace, whether the process traces or not."""
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    program = f"""
    import asyncio, os
    import structlog
    from securenet_obs.monitoring import *
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test", traces_sample_rate=float(os.environ["RATE"]))
    async def answer(scope, receive, send):
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": b""}})
    async def send(message):
        if "headers" in message:
            found = dict(message["headers"]).get(b"traceparent", b"").decode()
            structlog.get_logger("t").info("sent", found=found)
    scope = {{"type": "http", "method": "GET", "path": "/p", "server": ("h", 80),
             "headers": [(b"traceparent", b"00-{trace}-{span}-01")]}}
    asyncio.run(CorrelationMiddleware(answer)(scope, None, send))
    """
    for rate in ("0", "1"):
        line = run(program, SENTRY_DSN=sentry.dsn, RATE=rate).line("sent")
        version, trace_id, span_id, flags = line["found"].split("-")
        assert (version, trace_id, span_id != span) == ("00", trace, True)
        assert flags == ("01" if rate == "1" else "00")
