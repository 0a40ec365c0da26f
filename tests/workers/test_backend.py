"""What Celery keeps of a task in Redis, looked at in Redis itself."""

from typing import Any

import redis

SECRET = "hush-0123456789abcdef"


def test_no_secret_of_a_failed_task_stays_in_redis(target: Any) -> None:
    """The message names a password in a URL, and so does the traceback; neither is kept."""
    sent = target.send("raise_diagnostic_error", "canary-1", SECRET, "acme")
    target.line("task_failed", sent.id)
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        kept = client.get(f"celery-task-meta-{sent.id}")
    assert b"DiagnosticError" in kept
    assert b"canary-1" in kept
    assert b"[redacted]" in kept
    assert SECRET.encode() not in kept


def test_what_is_no_secret_stays_as_it_is(target: Any) -> None:
    """A result is somebody's data."""
    answer = target.send("echo_canary", "canary-2", queue="canary").get(timeout=10)
    assert answer["canary"] == "canary-2"
