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


def test_a_failure_is_kept_longer_than_a_success(target: Any) -> None:
    """Who looks into a failure comes later; both expire."""
    failed = target.send("raise_diagnostic_error", "canary-3", SECRET, "acme")
    done = target.send("echo_canary", "canary-4", queue="canary")
    done.get(timeout=10)
    target.line("task_failed", failed.id)
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        assert 3_590 <= client.ttl(f"celery-task-meta-{done.id}") <= 3_600
        assert 86_390 <= client.ttl(f"celery-task-meta-{failed.id}") <= 86_400
