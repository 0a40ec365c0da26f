"""A run is followed to its end, also where its worker is lost."""

import json
import os
import signal
import subprocess

import pytest

from tests.distributed.fleet import FIRST_USER, SLEEP, Fleet
from tests.waiting import eventually

pytestmark = pytest.mark.stack


def test_a_run_whose_worker_dies_is_interrupted_and_run_again_elsewhere(project: Fleet) -> None:
    """The first run is interrupted at its cell; the other worker's passes, and so the command."""
    flag = project.flag("killed")
    project.write_notebook("01_killed", "print('before')", SLEEP.format(flag=str(flag)))
    caller = subprocess.Popen(
        project.command("--json"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert eventually(flag.exists, 60)
    number = int(eventually(flag.read_text, 10)) - FIRST_USER
    victim = project.workers[number - 1]
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    output, errors = caller.communicate(timeout=120)
    assert caller.returncode == 0, errors
    first, second = json.loads(output)["runs"]
    assert (first["verdict"], first["cell"]) == ("interrupted", 3)
    assert "was lost; worker-" in first["reason"]
    assert second["verdict"] == "passed"
    project.replace_worker(number)
