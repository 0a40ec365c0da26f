"""Events of requests without the SDK's own integrations."""

import json
from collections import Counter
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

SERVICE = f"""
    import asyncio, os, time
    import httpx, sentry_sdk, structlog
    from fastapi import APIRouter, FastAPI, HTTPException, Request
    from fastapi.responses import JSONResponse
    from sentry_sdk.integrations.fastapi import FastApiIntegration
    from sentry_sdk.integrations.starlette import StarletteIntegration
    from securenet_obs.monitoring import *
    from securenet_obs.monitoring.sentry import client as module
    from securenet_obs.monitoring.sentry.integrations import integrations

    if "INTEGRATIONS" in os.environ:
        module.integrations = lambda traced: [
            *integrations(traced=traced), FastApiIntegration(), StarletteIntegration()
        ]
    configure_structlog()
    rate = float(os.environ.get("RATE", "0"))
    init_sentry(os.environ["SENTRY_DSN"], "test", release="r@1", traces_sample_rate=rate)
    log = structlog.get_logger("service")
    router = APIRouter()

    def note(number):
        sentry_sdk.set_tag("number", number)
        sentry_sdk.set_user({{"id": number}})
        sentry_sdk.add_breadcrumb(message=f"crumb {{number}}")

    @router.post("/looped/{{number}}")
    async def looped(number: str):
        note(number)
        await asyncio.sleep(0.02)
        log.error("noted")
        await asyncio.sleep(0.02)
        raise RuntimeError("looped")

    @router.post("/threaded/{{number}}")
    def threaded(number: str):
        note(number)
        time.sleep(0.02)
        log.error("noted")
        raise RuntimeError("threaded")

    @router.post("/answered")
    async def answered():
        raise HTTPException(503, "away")

    @router.post("/named")
    async def named():
        scope = sentry_sdk.get_current_scope()
        scope.set_transaction_name("a name of its own", source="custom")
        raise RuntimeError("named")

    async def lost(request: Request, error: Exception):
        log.error("no such path")
        return JSONResponse({{}}, 404)

    service = FastAPI(root_path="/api", exception_handlers={{404: lost}})
    service.include_router(router, prefix="/v1")
    service.add_middleware(CorrelationMiddleware)
    sent = {{"sentry-trace": "{TRACE}-{SPAN}-1", "Authorization": "Bearer hunter2hunter2",
            "Baggage": "sentry-trace_id={TRACE},sentry-environment=theirs,other=1",
            "Cookie": "session=hunter2hunter2", "User-Agent": "theirs"}}

    async def ask(*paths, headers):
        transport = httpx.ASGITransport(service, root_path="/api", raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://host.example:8443/api", headers=headers
        ) as client:
            urls = [f"{{path}}?password=hunter2hunter2" for path in paths]
            await asyncio.gather(*(client.post(url, json={{"secret": "s"}}) for url in urls))
"""


def comparable_events(recorder: SentryRecorder) -> list[Any]:
    """Return every event with its envelope's trace, without values that differ at each run."""
    events = []
    for envelope, event in zip(recorder.envelopes, recorder.events, strict=False):
        for name in ("event_id", "timestamp"):
            del event[name]
        del event["sdk"]["name"], event["sdk"]["integrations"]
        del event["contexts"]["trace"]["span_id"], event["tags"]["span_id"]
        event["contexts"]["trace"].pop("data", None)  # the number of a thread
        del event["tags"]["request_id"]
        for crumb in event["breadcrumbs"]["values"]:
            del crumb["timestamp"]
        for error in event.get("exception", {}).get("values", ()):
            assert error["mechanism"].pop("type") in {"securenet", "starlette"}
        events.append((event, json.loads(envelope.partition(b"\n")[0])["trace"]))
    return events


def health(recorder: SentryRecorder) -> Counter[str]:
    """Return the numbers of a release's requests that exited, erred or crashed."""
    counted: Counter[str] = Counter()
    for kind, content in recorder.items:
        if kind == "sessions":
            for minute in content["aggregates"]:
                counted.update({name: minute[name] for name in minute.keys() - {"started"}})
    return counted


@pytest.mark.parametrize("rate", ["0", "1"])
def test_an_event_has_the_data_of_the_sdks_integrations(
    run: Any, sentry: SentryRecorder, rate: str
) -> None:
    """Every field and the release health are the same without the SDK's integrations."""
    code = (
        SERVICE
        + """
    for path in ("looped/1", "threaded/2", "answered", "named", "nowhere"):
        asyncio.run(ask(f"/v1/{path}", headers=sent))
    """
    )
    run(code, SENTRY_DSN=sentry.dsn, RATE=rate)
    ours, our_health = comparable_events(sentry), health(sentry)
    sentry.envelopes.clear()
    run(code, SENTRY_DSN=sentry.dsn, RATE=rate, INTEGRATIONS="all")
    assert len(ours) == 7
    assert ours == comparable_events(sentry)
    assert our_health == health(sentry) == Counter(crashed=3, errored=1, exited=1)
    event, trace = ours[0]
    assert event["transaction"] == "/v1/looped/{number}"
    assert event["request"]["url"] == "https://host.example:8443/api/v1/looped/1"
    assert event["contexts"]["trace"]["trace_id"] == trace["trace_id"] == TRACE


def transactions(recorder: SentryRecorder) -> list[dict[str, Any]]:
    """Return every transaction, without values that differ at each run."""
    found = [content for kind, content in recorder.items if kind == "transaction"]
    for transaction in found:
        # The SDK's own upload is a span of a transaction that it began in.
        for name in ("event_id", "timestamp", "start_timestamp", "sdk", "spans", "_meta"):
            transaction.pop(name, None)
        trace = transaction["contexts"]["trace"]
        del trace["span_id"], trace["data"]["thread.id"], trace["data"]["thread.name"]
        transaction["tags"].pop("asgi.type", None)
        transaction["breadcrumbs"] = len(transaction.get("breadcrumbs", {}).get("values", []))
    return sorted(found, key=lambda transaction: str(transaction["transaction"]))


def test_a_transaction_has_the_data_of_the_sdks_integrations(
    run: Any, sentry: SentryRecorder
) -> None:
    """Name, source, status, trace, request and tags are those of the SDK's own transactions."""
    code = (
        SERVICE
        + """
    for path in ("looped/1", "threaded/2", "answered", "nowhere"):
        asyncio.run(ask(f"/v1/{path}", headers=sent))
    """
    )
    run(code, SENTRY_DSN=sentry.dsn, RATE="1")
    ours = transactions(sentry)
    sentry.envelopes.clear()
    run(code, SENTRY_DSN=sentry.dsn, RATE="1", INTEGRATIONS="all")
    assert [each["transaction"] for each in ours[:3]] == [
        "/v1/answered",
        "/v1/looped/{number}",
        "/v1/threaded/{number}",
    ]
    assert ours[0]["contexts"]["trace"]["status"] == "unavailable"
    assert "hunter2" not in json.dumps(ours)
    assert ours == transactions(sentry)


def test_concurrent_requests_do_not_share_event_data(run: Any, sentry: SentryRecorder) -> None:
    """Interleaved requests have their own tag, user and breadcrumb, also in threads."""
    finished = run(
        SERVICE
        + """
    sentry_sdk.add_breadcrumb(message="crumb of the process")
    log.error("before")
    numbers = [f"{where}/{number}" for number in range(15) for where in ("looped", "threaded")]
    asyncio.run(ask(*(f"/v1/{number}" for number in numbers), headers={}))
    log.error("after")
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.code == 0, finished.stderr
    before, *events, after = sentry.events
    assert "user" not in after
    assert after["tags"].keys() == before["tags"].keys()
    assert len(events) == 60
    assert len({event["tags"]["trace_id"] for event in events}) == 30
    for event in events:
        number = event["user"]["id"]
        assert event["tags"]["number"] == number
        assert event["request"]["url"].endswith(f"/{number}")
        trace, crumbs = event["contexts"]["trace"], event["breadcrumbs"]["values"]
        assert {crumb["message"] for crumb in crumbs} <= {f"crumb {number}", "noted"}
        assert (trace["trace_id"], trace["span_id"]) == (
            event["tags"]["trace_id"],
            event["tags"]["span_id"],
        )


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_errors_outside_requests_are_captured(run: Any, sentry: SentryRecorder, kind: str) -> None:
    """An error of a websocket or the lifespan is an event, and is raised to the server."""
    finished = run(
        SERVICE
        + f"""
    async def fail(scope, receive, send):
        raise RuntimeError("no request")

    scope = {{"type": "{kind}", "path": "/ws", "headers": [], "server": ("host.example", 80)}}
    asyncio.run(CorrelationMiddleware(fail)(scope, None, None))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    (event,) = sentry.events
    assert "no request" in finished.line("uncaught_exception")["exception"][0]["exc_value"]
    assert event["exception"]["values"][0]["value"] == "no request"
    assert ("request" in event) == (kind == "websocket")
