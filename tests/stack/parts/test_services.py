"""SecureNet's processes mean their own stack, log apart from the others, and can be varied."""

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
from securenet_obs.workers.names import QUEUES


@pytest.fixture
def control(stack: LocalStack) -> celery.Celery:
    """Return a Celery application that can ask the stack's worker."""
    return celery.Celery(broker=stack.environment["REDIS_URL"], set_as_current=False)


def consumed(control: celery.Celery) -> tuple[int, set[str]]:
    """Return how many tasks the worker runs at a time, and from which queues it takes them."""
    ask = control.control.inspect(destination=[WORKER], timeout=3)
    queues = ask.active_queues()[WORKER]
    return ask.stats()[WORKER]["pool"]["max-concurrency"], {queue["name"] for queue in queues}


def test_a_stopped_worker_gives_back_before_it_is_killed() -> None:
    """Its tasks are given less time than the part itself, whose group is killed after that."""
    assert 0 < STOP_TASKS_S <= STOP_S - 2


def test_a_worker_can_be_varied(stack: LocalStack, control: celery.Celery) -> None:
    """Another command line raises its concurrency and takes a queue away; a restart undoes it."""
    assert consumed(control) == (2, set(QUEUES))
    stack.restart_part("worker", command=build_worker_command(4, ["default", "logs"]))
    assert consumed(control) == (4, {"default", "logs"})
    stack.restart_part("worker")
    assert consumed(control) == (2, set(QUEUES))


def test_every_line_of_their_logs_is_json(stack: LocalStack) -> None:
    """API, worker and beat write one JSON object a line, from the first line on."""
    for name in ("api", "worker", "beat"):
        lines = stack.parts[name].log.read_text().splitlines()
        assert lines
        assert {json.loads(line)["service"] for line in lines} == {f"securenet-{name}"}


def test_the_api_is_the_stacks(stack: LocalStack) -> None:
    """The API at the stack's address is ready, and its diagnostics ask for the stack's key."""
    with httpx.Client(base_url=stack.environment["API_URL"]) as client:
        assert client.get("/health/ready").json()["status"] == "ok"
        assert client.post("/v1/diagnostics/error", json={}).status_code in {403, 422}


def test_parts_see_the_target_only(stack: LocalStack) -> None:
    """Each variable of the settings is set for each service, whoever starts it."""
    for name in ("api", "worker", "beat"):
        seen = stack.parts[name].build_environment()
        assert {field.upper() for field in Settings.model_fields} <= set(seen)
        assert sys.executable == stack.parts[name].command[0]
