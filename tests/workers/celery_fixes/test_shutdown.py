"""Shutdown of workers."""

import json
import signal
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from celery.result import denied_join_result

from tests.waiting import eventually


def test_a_stopping_worker_requeues_its_tasks(
    environment: dict[str, str], running: Any, celery_command: list[str], tmp_path: Path
) -> None:
    """Running tasks may finish within the limit; all others return to their queue."""
    broker = environment["REDIS_URL"].removesuffix("/0") + "/9"
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    variables = {**environment, **path, "REDIS_URL": broker, "WORKER_STOP_S": "4"}
    celery = Celery(broker=broker, backend=environment["RESULT_URL"])
    # A busy machine may see both tasks of the pool only when a short one would have ended.
    ending = tmp_path / "ending"
    with denied_join_result():
        sent = [celery.send_task("tested.waits_for", (str(ending),), queue="default")]
        sent += [celery.send_task("tested.sleeps", (60,), queue="default") for _ in range(3)]
    command = [*celery_command, "worker", "-Q", "default", "-n", "stopped@%h", "-I", "faulty_tasks"]
    command += ["--concurrency", "2", "--prefetch-multiplier", "2", "--without-mingle"]
    log = tmp_path / "worker.log"
    with redis.Redis.from_url(broker) as client, running(command, variables, log) as process:
        assert eventually(lambda: log.read_text().count('"task_started"') == 2), log.read_text()
        assert eventually(lambda: client.hlen("unacked") == 4), log.read_text()
        process.send_signal(signal.SIGTERM)
        ending.touch()
        process.wait(60)
        assert states(celery, sent) == ["SUCCESS", "PENDING", "PENDING", "PENDING"]
        assert (client.llen("default"), client.hlen("unacked")) == (3, 0)
        client.flushdb()
    events = [json.loads(line)["event"] for line in log.read_bytes().splitlines()]
    assert "tasks_requeued" in events


def states(celery: Celery, sent: list[Any]) -> list[str]:
    return [celery.backend.get_task_meta(result.id)["status"] for result in sent]
