"""What redaction costs, side by side: run by hand, prints medians in microseconds and ratios."""

import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from securenet_obs import redaction
from securenet_obs.redaction import RULES, Redactor

ROUNDS = 15
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
FRAME = {"filename": "/srv/app/x.py", "function": "handle", "context_line": "    await self.app()"}
EVENT: dict[str, Any] = {
    "event_id": "0b7de9f2c4a94c9d9a3cf3f3d1f0e6aa",
    "frames": [{**FRAME, "lineno": n, "vars": {"n": n, "name": f"tenant-{n}"}} for n in range(60)],
}


def walk_only(redactor: Redactor) -> Callable[[Any], Any]:
    """Return the redaction that a prefilter saves: every value, every pattern."""
    patterns = [re.compile(rule.pattern) for rule in redactor._text_rules]

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: None if redactor.rule_of(key) else walk(item) for key, item in value.items()
            }
        if isinstance(value, list):
            return [walk(item) for item in value]
        if isinstance(value, str):
            for pattern in patterns:
                value = pattern.sub(redaction.MASK, value)
        return value

    return walk


def median_us(call: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median time of a call in microseconds."""
    number = max(1, int(0.02 / max(_once(call), 1e-7)))
    return statistics.median(_repeated(call, number) for _ in range(rounds)) * 1e6


def _once(call: Callable[[], object]) -> float:
    return _repeated(call, 1)


def _repeated(call: Callable[[], object], number: int) -> float:
    started = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - started) / number


def main() -> None:
    """Print a table: what is redacted, how, how long, and the ratio to writing it as JSON."""
    redactor = Redactor(RULES)
    fallback = re.compile(redactor._prefilter.pattern)
    walk = walk_only(redactor)
    for name, value in (("log line", LINE), ("nested event", EVENT)):
        data = orjson.dumps(value)
        secret = {**value, "url": "redis://:x1@h/0", "password": "x1"}
        secret_data = orjson.dumps(secret)
        calls: dict[str, Callable[[], object]] = {
            "orjson.dumps": lambda value=value: orjson.dumps(value),
            "dumps + prefilter (re2)": lambda value=value: redactor.suspects(orjson.dumps(value)),
            "dumps + redact(bytes)": lambda value=value: redactor.redact(orjson.dumps(value)),
            "dumps + prefilter (re)": lambda value=value: fallback.search(orjson.dumps(value)),
            "redact(value), clean": lambda value=value: redactor.redact(value),
            "redact(value), two secrets": lambda secret=secret: redactor.redact(secret),
            "redact(bytes), two secrets": lambda data=secret_data: redactor.redact(data),
            "every pattern on every value": lambda value=value: walk(value),
        }
        base = 0.0
        for how, call in calls.items():
            took = median_us(call)
            base = base or took
            print(f"{name:13} {len(data):6} B  {how:30} {took:10.2f} us {took / base:8.1f} x dumps")


if __name__ == "__main__":
    main()
