"""SecureNet's processes use their own stack and separate logs, and can be changed."""

import json
import sys

import celery
import httpx
import pytest

from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack, build_worker_command
from securenet_obs.stack.part import STOP_S
from securenet_obs.stack.parts.readiness import WORKER
from securenet_obs.stack.parts.services import STOP_TASKS_S
from securenet_obs.workers.names import DIRECT_PREFIX, QUEUES


@pytest.fixture
def control(stack: LocalStack) -> celery.Celery:
    """Return a Celery application that can query the stack's worker."""
    return celery.Celery(broker=stack.environment["REDIS_URL"], set_as_current=False)


def consumed(control: celery.Celery) -> tuple[int, set[str]]:
    """Return the concurrency of the worker and its queues, without the one of its own."""
    ask = control.control.inspect(destination=[WORKER], timeout=60)
    queues = ask.active_queues()[WORKER]
    names = {queue["name"] for queue in queues if not queue["name"].startswith(DIRECT_PREFIX)}
    return ask.stats()[WORKER]["pool"]["max-concurrency"], names


def test_tasks_get_less_time_than_their_worker() -> None:
    """A stopping worker returns its tasks before its group is killed."""
    assert 0 < STOP_TASKS_S <= STOP_S - 2


@pytest.mark.slow
def test_worker_can_be_changed(stack: LocalStack, control: celery.Celery) -> None:
    """Another command changes concurrency and queues; a restart reverts it."""
    assert consumed(control) == (2, set(QUEUES))
    stack.restart_part("worker", command=build_worker_command(4, ["default", "logs"]))
    assert consumed(control) == (4, {"default", "logs"})
    stack.restart_part("worker")
    assert consumed(control) == (2, set(QUEUES))


def test_every_log_line_is_json(stack: LocalStack) -> None:
    """API, worker and beat write one JSON object per line, from the first line on."""
    for name in ("api", "worker", "beat"):
        lines = stack.parts[name].log.read_text().splitlines()
        assert lines
        assert {json.loads(line)["service"] for line in lines} == {f"securenet-{name}"}


def test_api_belongs_to_the_stack(stack: LocalStack) -> None:
    """The API at the stack's address is ready and requires the stack's diagnostics key."""
    with httpx.Client(base_url=stack.environment["API_URL"]) as client:
        assert client.get("/health/ready").json()["status"] == "ok"
        assert client.post("/v1/diagnostics/error", json={}).status_code in {403, 422}


def test_parts_have_the_targets_variables_only(stack: LocalStack) -> None:
    """Each setting is defined for each service, independently of the user's environment."""
    for name in ("api", "worker", "beat"):
        environment = stack.parts[name].build_environment()
        assert {field.upper() for field in Settings.model_fields} <= set(environment)
        assert sys.executable == stack.parts[name].command[0]
