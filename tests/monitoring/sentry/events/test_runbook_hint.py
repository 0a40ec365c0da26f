"""The runbook of an error event."""

from typing import Any

import pytest

from securenet_obs import __version__
from securenet_obs.monitoring.sentry.events.runbook_hint import MAX_PART, runbook_context


def exception(*texts: str) -> dict[str, Any]:
    """Return an event of chained exceptions, the innermost first, as the SDK writes it."""
    values = []
    for text in texts:
        name, _, value = text.partition(": ")
        module, _, kind = name.rpartition(".")
        values.append({"module": module, "type": kind, "value": value})
    return {"exception": {"values": values}}


PUBLISH = "securenet_obs.errors.PublishError: the broker did not accept it."


@pytest.mark.parametrize(
    ("event", "runbook"),
    [
        (exception(PUBLISH), "queue_is_growing"),
        (
            exception(
                "redis.exceptions.ConnectionError: Error 111 connecting to h:6379.",
                "kombu.exceptions.OperationalError: Error 111 connecting to h:6379.",
                PUBLISH,
            ),
            "queue_is_growing",
        ),
        (
            {"logentry": {"message": "consumer: Cannot connect to %s: %s", "formatted": ""}},
            "queue_is_growing",
        ),
        (
            exception(
                "redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots",
                "kombu.exceptions.OperationalError: MISCONF Redis is configured to save RDB",
                PUBLISH,
            ),
            "redis_refuses_writes",
        ),
        (
            exception(
                "redis.exceptions.ReadOnlyError: You can't write against a read only replica."
            ),
            "redis_refuses_writes",
        ),
        (
            exception(
                "redis.exceptions.NoPermissionError: this user has no permissions to run the"
            ),
            "redis_refuses_writes",
        ),
        (
            exception("redis.exceptions.BusyLoadingError: Redis is loading the dataset in memory"),
            "redis_refuses_writes",
        ),
        (
            exception(
                "redis.exceptions.OutOfMemoryError: command not allowed when used memory > "
                "'maxmemory'.",
                PUBLISH,
            ),
            "redis_is_full",
        ),
        (
            exception(
                "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)"
            ),
            "task_is_poisonous",
        ),
        (
            {
                "logentry": {
                    "message": "Process %r pid:%r exited with %r",
                    "formatted": "Process 'Fork-1' pid:9 exited with 'signal 9 (SIGKILL)'",
                }
            },
            "task_is_poisonous",
        ),
        (
            exception("redis.exceptions.ConnectionError: Connection closed by server.")
            | {"logentry": {"message": "Unrecoverable error: %r"}},
            "worker_is_gone",
        ),
        (
            exception("redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB")
            | {"logentry": {"message": "Unrecoverable error: %r"}},
            "redis_refuses_writes",
        ),
    ],
)
def test_an_event_has_its_runbook(event: dict[str, Any], runbook: str) -> None:
    """A cause counts more than its consequences, however the chain ends."""
    context = runbook_context(event)
    assert context is not None
    assert context["name"] == runbook
    assert context["command"] == f"securenet-obs run {runbook}"
    assert context["version"] == __version__
    assert "equals" not in context


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"exception": None},
        {"exception": {"values": None}},
        {"exception": {"values": [None, "text"]}},
        {"logentry": "text", "message": 7},
        exception("builtins.ValueError: LOADING of a page failed"),
        exception("sqlalchemy.exc.OperationalError: the database is locked"),
        exception("java.lang.OutOfMemoryError: Java heap space"),
        {"logger": "another", "transaction": "another"},
    ],
)
def test_any_other_event_has_no_runbook(event: dict[str, Any]) -> None:
    """A wrong runbook would be worse than none."""
    assert runbook_context(event) is None


def test_runbooks_that_match_equally_are_named() -> None:
    context = runbook_context({"logentry": {"message": "messages_restored"}})
    assert context is not None
    assert (context["name"], context["equals"]) == ("tasks_are_stuck_unacked", "tasks_run_twice")


def test_a_huge_message_is_cut() -> None:
    """The work for an event is bounded."""
    event = exception(f"builtins.ValueError: {'x' * MAX_PART} MISCONF")
    assert runbook_context(event) is None
