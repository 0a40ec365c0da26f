"""Cost of redaction: a log line and a Sentry event, clean and with secrets, and peers.

    python tests/benchmarks/bench_redaction.py [--json FILE]

A Sentry event passes through the SDK up to the bytes of its envelope, with and without our hook.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from rounds import Row, Target, interleaved, report, rows
from sentry_sdk import Client, Scope
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from securenet_obs.monitoring import filter_sensitive_data
from securenet_obs.redaction import MASK, RULES, Redactor, TextRule

LINE: dict[str, Any] = {
    "timestamp": "2026-11-23T04:00:00.123456Z",
    "level": "info",
    "logger": "securenet.api",
    "event": "anomaly_detection_finished",
    "service": "securenet-api",
    "environment": "production",
    "release": "securenet@0.1.0",
    "request_id": "0b7de9f2c4a94c9d9a3cf3f3d1f0e6aa",
    "tenant_id": "acme",
    "records": 1250,
    "duration_ms": 12.5,
}
CONTEXT = ["    batch = read(body)", "    for record in batch:", "        count(record)"]
FRAME = {
    "filename": "securenet/api.py",
    "abs_path": "/srv/securenet/api.py",
    "function": "handle",
    "module": "securenet.api",
    "pre_context": CONTEXT,
    "context_line": "    await self.app()",
    "post_context": CONTEXT,
    "in_app": True,
}
EVENT: dict[str, Any] = {
    "event_id": "0b7de9f2c4a94c9d9a3cf3f3d1f0e6aa",
    "level": "error",
    "tags": {"service": "securenet-api", "tenant_id": "acme"},
    "exception": {
        "values": [
            {
                "type": "ValueError",
                "value": "a batch of 7 records was refused",
                "stacktrace": {"frames": [{**FRAME, "lineno": n} for n in range(30)]},
            }
        ]
    },
    "breadcrumbs": {
        "values": [
            {"category": "httplib", "message": "GET /v1/x", "data": {"status": 200, "n": n}}
            for n in range(40)
        ]
    },
}
SECRETS = {"url": "redis://:x1@h/0", "password": "x1"}
DUMPS, REDACTED, WITH_SECRETS = "orjson.dumps", "redact(value), clean", "redact(value), two secrets"
SDK, SDK_REDACTED = "the SDK, unredacted", "the SDK with our hook"


class Serialising(Transport):
    """Serialises envelopes as the real transport does, and sends nothing."""

    def capture_envelope(self, envelope: Envelope) -> None:
        """Serialise the envelope."""
        envelope.serialize()


def captures(**options: Any) -> Callable[[dict[str, Any]], object]:
    """Return a function that sends a copy of an event through the SDK."""
    client = Client(
        "http://key@127.0.0.1:9/1",
        transport=Serialising,
        default_integrations=False,
        auto_enabling_integrations=False,
        **options,
    )
    scope = Scope()
    return lambda event: client.capture_event(json.loads(json.dumps(event)), scope=scope)


def walk_only(redactor: Redactor) -> Callable[[Any], Any]:
    """Return a redaction without the prefilter: it applies every pattern to every value."""
    patterns = [re.compile(rule.pattern) for rule in RULES if isinstance(rule, TextRule)]

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: None if redactor.rule_of(key) else walk(item) for key, item in value.items()
            }
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, str):
            for pattern in patterns:
                value = pattern.sub(MASK, value)
        return value

    return walk


def measured() -> Iterator[Row]:
    """Yield the rows of the whole benchmark."""
    redactor = Redactor()
    walk = walk_only(redactor)
    for case, value in (("log line", LINE), ("Sentry event", EVENT)):
        data, secret = orjson.dumps(value), {**value, **SECRETS}
        calls: dict[str, Callable[[], object]] = {
            DUMPS: lambda value=value: orjson.dumps(value),
            "the prefilter": lambda data=data: redactor.may_match(data),
            "dumps and prefilter": lambda value=value: redactor.may_match(orjson.dumps(value)),
            REDACTED: lambda value=value: redactor.redact(value),
            WITH_SECRETS: lambda secret=secret: redactor.redact(secret),
            "every pattern on every value": lambda value=value: walk(value),
        }
        times = interleaved(calls, rounds=31)
        targets = {(WITH_SECRETS, REDACTED): Target(most=3)} if value is LINE else {}
        yield from rows(case, times, DUMPS, targets)
    plain, hooked = captures(), captures(before_send=filter_sensitive_data)
    calls = {
        SDK: lambda: plain(EVENT),
        SDK_REDACTED: lambda: hooked(EVENT),
        f"{SDK_REDACTED}, two secrets": lambda: hooked({**EVENT, "extra": SECRETS}),
    }
    targets = {(SDK_REDACTED, SDK): Target(most=1.6)}
    yield from rows("Sentry event", interleaved(calls), SDK, targets)


if __name__ == "__main__":
    report("redaction", measured())
