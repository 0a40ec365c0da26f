"""Workers that are told to stop."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from celery.result import denied_join_result

BRIEF = """
import faulty_tasks
from securenet_obs.workers import stopping

stopping.STOP_WITHIN_S = 4
"""


def test_a_worker_that_is_told_to_stop_gives_back(
    environment: dict[str, str], running: Any, celery_command: list[str], tmp_path: Path
) -> None:
    """What runs may end, within bounds; everything else is in its queue again, nothing is lost."""
    (tmp_path / "brief_stop.py").write_text(BRIEF)
    folders = [str(tmp_path), str(Path(__file__).parent)]
    broker = environment["REDIS_URL"].removesuffix("/0") + "/9"
    variables = {**environment, "REDIS_URL": broker, "PYTHONPATH": os.pathsep.join(folders)}
    celery = Celery(broker=broker, backend=environment["RESULT_URL"])
    with denied_join_result():
        sent = [
            celery.send_task("tested.sleeps", (seconds,), queue="default")
            for seconds in (1.0, 60, 60, 60)
        ]
    command = [*celery_command, "worker", "-Q", "default", "-n", "stopped@%h", "-I", "brief_stop"]
    command += ["--concurrency", "2", "--prefetch-multiplier", "2", "--without-mingle"]
    log = tmp_path / "worker.log"
    with redis.Redis.from_url(broker) as client, running(command, variables, log) as process:
        wait_until(lambda: states(celery, sent[:2]) == ["STARTED"] * 2, log)
        wait_until(lambda: client.hlen("unacked") == 4, log)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert states(celery, sent) == ["SUCCESS", "STARTED", "PENDING", "PENDING"]
        assert (client.llen("default"), client.hlen("unacked")) == (3, 0)
        client.flushdb()
    events = [json.loads(line)["event"] for line in log.read_bytes().splitlines()]
    assert "tasks_given_back" in events


def states(celery: Celery, sent: list[Any]) -> list[str]:
    return [celery.backend.get_task_meta(result.id)["status"] for result in sent]


def wait_until(holds: Any, log: Path) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.05)
