"""State, owner and error event of a task."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import redis
from pydantic import SecretStr, TypeAdapter

from securenet_obs.errors import UnreachableError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.results import (
    EVENT_KEY,
    OWNER_KEY,
    TaskState,
    store_event,
    task_owner,
    task_state,
)
from tests.waiting import eventually

REQUEST = {"securenet_request_id": "req-of-the-test", "securenet_tenant_id": "acme"}


@pytest.fixture
def app(environment: dict[str, str]) -> Any:
    """Return an application on the test's Redis."""
    settings = Settings(redis_url=environment["REDIS_URL"], result_url=environment["RESULT_URL"])
    return create_celery(settings)


def test_a_success_has_its_result(app: Any) -> None:
    """A success has state and result, and neither error nor event."""
    app.backend.store_result("done", {"n": 1}, "SUCCESS")
    state = task_state(app, "done")
    assert (state.state, state.result, state.error, state.event_id) == (
        "SUCCESS",
        {"n": 1},
        None,
        None,
    )


def test_a_failure_has_its_error_and_event(app: Any) -> None:
    """A failure has the type and message of its error, and the id of its event."""
    app.backend.store_result("failed", KeyError("missing"), "FAILURE")
    app.backend.client.set(EVENT_KEY.format(task_id="failed"), "e" * 32)
    state = task_state(app, "failed")
    assert (state.state, state.result, state.event_id) == ("FAILURE", None, "e" * 32)
    assert state.error == {"type": "KeyError", "message": "'missing'"}


def test_every_result_can_be_an_answer(app: Any) -> None:
    """A lone surrogate, NaN or Infinity in a result or an error is replaced."""
    app.backend.store_result("odd", {"a": ["\ud800", float("nan")]}, "SUCCESS")
    app.backend.store_result("failed oddly", ValueError("\udfff"), "FAILURE")
    states = [task_state(app, task_id) for task_id in ("odd", "failed oddly")]
    assert states[0].result == {"a": ["\ufffd", "nan"]}
    assert states[1].error == {"type": "ValueError", "message": "\ufffd"}
    for state in states:
        assert TypeAdapter(TaskState).dump_json(state)


def test_an_unknown_task_is_pending(app: Any) -> None:
    """Redis does not list the tasks that were sent."""
    state = task_state(app, "never-sent")
    assert (state.state, state.result, state.error) == ("PENDING", None, None)


def test_an_unavailable_backend_is_an_unreachable_error() -> None:
    """An unavailable backend differs from a pending task."""
    unavailable = create_celery(Settings(redis_url="redis://127.0.0.1:1/0"))
    with pytest.raises(UnreachableError):
        task_state(unavailable, "any")


def test_a_child_task_has_its_parents_tenant(target: Any) -> None:
    """The worker stores the owner of a child; after its end it expires with its result."""
    sent = target.send("tested.parent", headers=REQUEST)
    child_id = sent.get(timeout=60)
    target.line("task_succeeded", child_id)
    client = target.celery.backend.client
    key = OWNER_KEY.format(task_id=child_id)
    assert eventually(lambda: 0 < client.ttl(key) <= 3600)
    assert task_owner(target.celery, child_id) == "acme"
    assert task_owner(target.celery, "no-such-task") is None


def test_a_task_without_a_tenant_has_no_owner(target: Any) -> None:
    """A task without a tenant cannot be read through the API."""
    child_id = target.send("tested.parent").get(timeout=60)
    target.line("task_succeeded", child_id)
    assert task_owner(target.celery, child_id) is None


def test_an_unavailable_backend_gives_no_owner() -> None:
    """The lookup of an owner raises an error, which differs from an unowned task."""
    away = Settings(redis_url=SecretStr("redis://127.0.0.1:9/0"))
    with pytest.raises(UnreachableError, match="result backend"):
        task_owner(create_celery(away), "t-1")


def test_the_event_is_stored_before_the_failure(target: Any) -> None:
    """A reader of a failed state finds the id of its event."""
    url = target.environment["RESULT_URL"]
    with redis.Redis.from_url(url) as client, client.monitor() as monitor:
        sent = target.send("tested.marks_and_fails")
        commands = (entry["command"] for entry in monitor.listen())
        stored = list(islice(matching(commands, sent.id), 2))
    assert stored == [EVENT_KEY.format(task_id=sent.id), f"celery-task-meta-{sent.id}"]


def test_an_event_is_stored_once_an_attempt(app: Any) -> None:
    """The task stores its event before its result; the later signal sends no second command."""
    task = app.task(name="tested.stores", shared=False)(nothing)
    task.push_request(id="stored-once")
    for event_id in ("first", "second"):
        store_event(task, "stored-once", event_id)
    assert task_state(app, "stored-once").event_id == "first"
    task.pop_request()


def nothing() -> None:
    """Do nothing, as a task."""


def matching(commands: Iterator[str], task_id: str) -> Iterator[str]:
    """Yield the keys of a task in the order of their SET commands."""
    for command in commands:
        name, _, arguments = command.partition(" ")
        if name in {"SET", "SETEX"} and task_id in arguments:
            yield arguments.split(" ")[0]
