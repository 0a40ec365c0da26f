"""`securenet-obs run` called by a Celery task: it ends, every time."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import celery

from securenet_obs.runner.forked import SOCKET

APP = """
import os, subprocess, sys
from celery import Celery
app = Celery(broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])

@app.task(name="run_notebook")
def run_notebook(path, evidence):
    command = [sys.executable, "-m", "securenet_obs", "run", path, "--plain"]
    command += ["--evidence", evidence]
    return subprocess.run(command, timeout=60, capture_output=True).returncode
"""


class RedisServer(Protocol):
    environment: Mapping[str, str]


def test_a_run_inside_a_task_ends_ten_times_of_ten(
    redis_server: RedisServer, write_notebook: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """Ten tasks of a prefork worker run a notebook each; all of them answer with exit code 0."""
    (tmp_path / "notebook_app.py").write_text(APP)
    path = write_notebook("print(1)", "!true")
    environment = os.environ | dict(redis_server.environment) | {SOCKET: server}
    command = [*(sys.executable, "-m", "celery", "-A", "notebook_app", "worker"), "-c", "2"]
    worker = subprocess.Popen([*command, "-Q", "celery"], cwd=tmp_path, env=environment)
    try:
        url = environment["REDIS_URL"]
        app = celery.Celery(broker=url, backend=url)
        arguments = [str(path), str(tmp_path / "evidence")]
        asked = [app.send_task("run_notebook", arguments) for _ in range(10)]
        assert [result.get(timeout=90) for result in asked] == [0] * 10
    finally:
        worker.terminate()
        worker.wait(30)
    assert len(list((tmp_path / "evidence").iterdir())) == 10
