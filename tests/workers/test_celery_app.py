"""The Celery application, as configured and as a worker process shows it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import redis

from securenet_obs.workers.celery_app import HARD_LIMIT_S, celery_app
from securenet_obs.workers.names import QUEUES
from tests.waiting import eventually


def test_the_schedule_sends_what_needs_no_argument() -> None:
    """Beat's entries need no tenant, of which one would never be enqueued, and expire."""
    schedule = celery_app.conf.beat_schedule
    assert set(schedule) == {
        "vulnerability-scan",
        "ml-model-retrain",
        "outbox",
        "schedule-canary",
    }
    assert schedule["vulnerability-scan"]["schedule"].hour == {0, 6, 12, 18}
    assert schedule["ml-model-retrain"]["schedule"].hour == {2}
    for entry in schedule.values():
        assert entry["options"]["expires"] > 0


def test_every_task_has_a_queue_that_exists() -> None:
    """Routes are explicit, and a queue that nobody defined is refused."""
    celery_app.loader.import_default_modules()
    ours = {name for name in celery_app.tasks if name.startswith("securenet_obs.")}
    routes = celery_app.conf.task_routes
    assert ours == set(routes)
    assert {route["queue"] for route in routes.values()} == set(QUEUES)
    assert celery_app.conf.task_create_missing_queues is False


def test_nothing_but_json_is_spoken() -> None:
    """Messages and results are JSON, both ways."""
    conf = celery_app.conf
    assert (conf.task_serializer, conf.result_serializer) == ("json", "json")
    assert list(conf.accept_content) == ["json"]


def test_a_task_cannot_outlive_its_message() -> None:
    """Redis delivers again after the visibility timeout: the hard limit is well below it."""
    options = celery_app.conf.broker_transport_options
    assert options["visibility_timeout"] > HARD_LIMIT_S * 2
    assert celery_app.conf.task_time_limit == HARD_LIMIT_S
    assert celery_app.conf.task_reject_on_worker_lost is True


def test_a_task_is_published_and_its_result_and_nothing_else(target: Any) -> None:
    """Events and states of a start, which nobody reads, take a third of a task's time."""
    with redis.Redis.from_url(target.environment["REDIS_URL"]) as client, client.pubsub() as heard:
        heard.psubscribe("*")
        sent = target.send("echo_canary", "canary", queue="canary")
        sent.get(timeout=60)
        target.line("task_succeeded", sent.id)
        told = []
        while message := heard.get_message(timeout=0.5):
            told.append(str(message))
    assert len([text for text in told if f"celery-task-meta-{sent.id}" in text]) == 1
    assert not [text for text in told if "task-" in text and "celery-task-meta" not in text]


def test_broker_and_results_are_apart() -> None:
    """They are different databases, and results expire."""
    assert celery_app.conf.broker_url != celery_app.conf.result_backend
    assert celery_app.conf.result_expires == 3600


def test_a_workers_whole_life_is_json(
    environment: dict[str, str], running: Any, tmp_path: Path, celery_command: list[str]
) -> None:
    """From the first line to the last, banner and shutdown included, no line is plain text."""
    log = tmp_path / "worker.log"
    command = [*celery_command, "worker", "-Q", "default", "-n", "brief@%h", "--concurrency", "1"]
    command += ["--without-mingle"]
    with running(command, environment, log) as process:
        assert eventually(lambda: re.search("(?s)brief@.*ready", log.read_text())), log.read_text()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    events = [json.loads(line)["event"] for line in log.read_bytes().splitlines()]
    assert any("Warm shutdown" in event for event in events)
    assert any("ready" in event for event in events)


def test_a_worker_loads_no_web_framework() -> None:
    """FastAPI is a fifth of what a worker and beat would import when they start."""
    program = (
        "import sys\nfrom securenet_obs.workers import celery_app, tasks\n"
        "sys.exit('fastapi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
