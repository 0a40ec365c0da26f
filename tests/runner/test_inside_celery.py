"""`securenet-obs run` in a Celery task: it always ends."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import celery
import pytest

from securenet_obs.runner.kernel.forked import SOCKET
from tests.waiting import eventually

APP = """
import os, subprocess, sys
from celery import Celery
app = Celery(broker=os.environ["REDIS_URL"])

@app.task(name="run_notebook")
def run_notebook(path, evidence):
    command = [sys.executable, "-m", "securenet_obs", "run", path, "--plain"]
    command += ["--evidence", evidence]
    code = subprocess.run(command, timeout=240, capture_output=True).returncode
    with open("codes", "a") as file:
        file.write(f"{code}\\n")
"""

TASKS = 5
"""Enough that each child of the worker runs a second and one a third."""


class RedisServer(Protocol):
    environment: Mapping[str, str]


@pytest.mark.slow
def test_a_run_inside_a_task_ends_five_times_of_five(
    redis_server: RedisServer, write_notebook: Callable[..., Path], server: str, tmp_path: Path
) -> None:
    """Five tasks of two prefork children run a notebook each; all of them exit with code 0."""
    (tmp_path / "notebook_app.py").write_text(APP)
    path = write_notebook("print(1)", "!true")
    environment = os.environ | dict(redis_server.environment) | {SOCKET: server}
    command = [*(sys.executable, "-m", "celery", "-A", "notebook_app", "worker"), "-c", "2"]
    command += ["-Q", "celery", "--without-mingle", "--without-gossip"]
    worker = subprocess.Popen(command, cwd=tmp_path, env=environment)
    try:
        with celery.Celery(broker=environment["REDIS_URL"]) as app:
            for _ in range(TASKS):
                app.send_task("run_notebook", [str(path), str(tmp_path / "evidence")])
        assert _codes(tmp_path / "codes") == ["0"] * TASKS
    finally:
        worker.terminate()
        worker.wait(30)
    assert len(list((tmp_path / "evidence").glob("2*/"))) == TASKS


def _codes(file: Path) -> list[str]:
    """Return the exit codes that the tasks recorded, once all have ended."""
    assert eventually(lambda: file.exists() and file.read_text().count("\n") == TASKS, 90)
    return file.read_text().splitlines()
