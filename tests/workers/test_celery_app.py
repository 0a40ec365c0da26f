"""The Celery application: its configuration and its behaviour in a worker process."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import redis

from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import TASK_TIME_LIMIT_S, celery_app, create_celery
from securenet_obs.workers.names import QUEUES
from tests.waiting import eventually


def test_the_schedule_sends_tasks_without_arguments() -> None:
    """Beat's entries need no tenant, since a missing argument would fail, and they expire."""
    schedule = celery_app.conf.beat_schedule
    assert set(schedule) == {
        "vulnerability-scan",
        "ml-model-retrain",
        "outbox",
        "retention",
        "schedule-canary",
    }
    assert schedule["vulnerability-scan"]["schedule"].hour == {0, 6, 12, 18}
    assert schedule["ml-model-retrain"]["schedule"].hour == {2}
    for entry in schedule.values():
        assert entry["options"]["expires"] > 0


def test_advisories_are_synchronised_daily_if_there_is_a_source() -> None:
    """Without a source there is nothing to synchronise, and no entry that would fail."""
    schedule = create_celery(Settings(advisories_source="https://api.osv.dev")).conf.beat_schedule
    assert schedule["advisory-sync"]["schedule"].hour == {1}


def test_every_task_has_a_queue_that_exists() -> None:
    """Routes are explicit, and an undefined queue is refused."""
    celery_app.loader.import_default_modules()
    ours = {name for name in celery_app.tasks if name.startswith("securenet_obs.")}
    routes = celery_app.conf.task_routes
    assert ours == set(routes)
    assert {route["queue"] for route in routes.values()} == set(QUEUES)
    assert celery_app.conf.task_create_missing_queues is False


def test_only_json_is_sent_and_accepted() -> None:
    """Messages and results are JSON in both directions."""
    conf = celery_app.conf
    assert (conf.task_serializer, conf.result_serializer) == ("json", "json")
    assert list(conf.accept_content) == ["json"]


def test_a_task_cannot_outlive_its_message() -> None:
    """The hard time limit is well below the visibility timeout of Redis."""
    options = celery_app.conf.broker_transport_options
    assert options["visibility_timeout"] > TASK_TIME_LIMIT_S * 2
    assert celery_app.conf.task_time_limit == TASK_TIME_LIMIT_S
    assert celery_app.conf.task_reject_on_worker_lost is True


def test_task_events_and_started_states_are_off(target: Any) -> None:
    """Events and STARTED states, which take a third of a task's time, are not published."""
    with (
        redis.Redis.from_url(target.environment["REDIS_URL"]) as client,
        client.pubsub() as subscription,
    ):
        subscription.psubscribe("*")
        sent = target.send("echo_canary", "canary", queue="canary")
        sent.get(timeout=60)
        target.line("task_succeeded", sent.id)
        messages = []
        while message := subscription.get_message(timeout=0.5):
            messages.append(str(message))
    assert len([text for text in messages if f"celery-task-meta-{sent.id}" in text]) == 1
    assert not [text for text in messages if "task-" in text and "celery-task-meta" not in text]


def test_broker_and_results_have_separate_databases() -> None:
    """They are different databases, and results expire."""
    assert celery_app.conf.broker_url != celery_app.conf.result_backend
    assert celery_app.conf.result_expires == 3600


def test_every_line_of_a_worker_is_json(
    environment: dict[str, str], running: Any, tmp_path: Path, celery_command: list[str]
) -> None:
    """From the first line to the last, including banner and shutdown, no line is plain text."""
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


def test_a_worker_does_not_import_a_web_framework() -> None:
    """FastAPI would be a fifth of the imports of a worker and beat."""
    program = (
        "import sys\nfrom securenet_obs.workers import celery_app, tasks\n"
        "sys.exit('fastapi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
