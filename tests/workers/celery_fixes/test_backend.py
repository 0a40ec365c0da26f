"""The result backend, read from Redis itself."""

from typing import Any

import redis
from pydantic import SecretStr

from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.results import OWNER_KEY, store_owners

SECRET = "hush-0123456789abcdef"


def test_no_secret_of_a_failed_task_is_stored(target: Any) -> None:
    """A password in a URL is masked in the stored message and in the traceback."""
    sent = target.send("raise_diagnostic_error", "canary-1", SECRET, "acme")
    target.line("task_failed", sent.id)
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        stored = client.get(f"celery-task-meta-{sent.id}")
    assert b"DiagnosticError" in stored
    assert b"canary-1" in stored
    assert b"[redacted]" in stored
    assert SECRET.encode() not in stored


def test_harmless_results_are_stored_unchanged(target: Any) -> None:
    """A result without secrets is not changed."""
    answer = target.send("echo_canary", "canary-2", queue="canary").get(timeout=60)
    assert answer["canary"] == "canary-2"


def test_a_failure_is_kept_longer_than_a_success(target: Any) -> None:
    """Both expire, a failure later, since it is examined later."""
    failed = target.send("raise_diagnostic_error", "canary-3", SECRET, "acme")
    done = target.send("echo_canary", "canary-4", queue="canary")
    done.get(timeout=60)
    target.line("task_failed", failed.id)
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        assert 3_590 <= client.ttl(f"celery-task-meta-{done.id}") <= 3_600
        assert 86_390 <= client.ttl(f"celery-task-meta-{failed.id}") <= 86_400


def test_the_owner_of_a_failure_is_kept_as_long_as_the_failure(target: Any) -> None:
    """The owner's entry expires with the failure's result."""
    store_owners(target.celery, {"owned": "acme"})
    target.send("raise_diagnostic_error", "canary-5", SECRET, "acme", task_id="owned")
    target.line("task_failed", "owned")
    with redis.Redis.from_url(target.environment["RESULT_URL"]) as client:
        assert 86_390 <= client.ttl(OWNER_KEY.format(task_id="owned")) <= 86_400


def test_a_stored_success_is_not_overwritten(target: Any) -> None:
    """A second end of a task keeps a stored success, and replaces a stored failure."""
    urls = {
        name: SecretStr(target.environment[name.upper()]) for name in ("redis_url", "result_url")
    }
    backend = create_celery(Settings(**urls)).backend
    backend.store_result("ends-twice", ValueError("first"), "FAILURE")
    for result in ("second", "third"):
        backend.store_result("ends-twice", result, "SUCCESS")
    backend.store_result("ends-twice", ValueError("last"), "FAILURE")
    assert backend.get_task_meta("ends-twice", cache=False)["result"] == "second"
