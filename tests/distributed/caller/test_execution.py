"""An interrupted caller ends its runs in the workers."""

import json
import signal
import subprocess
import time

import pytest

from tests.distributed.fleet import SLEEP, Fleet
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_an_interrupted_caller_ends_its_runs(project: Fleet) -> None:
    """Ctrl-C ends the notebook in its worker, and the evidence is that of an interrupted run."""
    flag = project.flag("stopped")
    project.write_notebook("01_stopped", SLEEP.format(flag=str(flag)))
    project.write_notebook("02_stopped", SLEEP.format(flag=str(flag) + "-2"))
    caller = subprocess.Popen(
        project.command("--json"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert eventually(flag.exists, 60)
    caller.send_signal(signal.SIGINT)
    output, errors = caller.communicate(timeout=240)
    assert caller.returncode == 130, errors
    rows = json.loads(output)["runs"]
    assert {row["verdict"] for row in rows} == {"interrupted"}
    began = time.monotonic()
    project.write_notebook("01_stopped")
    assert project.call("01_stopped").returncode == 0
    assert time.monotonic() - began < 60, "the worker was still busy with the interrupted run"


@pytest.mark.slow
def test_a_command_has_time_for_its_retries(project: Fleet) -> None:
    """After its time the runs are stopped, and others close it: three tries had that of one."""
    left = project.flag("left")
    files = (
        "import json, time\nfrom pathlib import Path\n"
        f"(plan,) = Path({str(project.place)!r}).glob('*.plan.json')\nleft = Path({str(left)!r})"
    )
    keep = "left.write_text(str(json.loads(plan.read_text())['due_at'] - time.time()))"
    project.write_notebook("01_retried", files, keep)
    done = project.call("--deadline", "1000", "--retries", "2")
    assert done.returncode == 0, done.stderr
    assert 3 * 1000 < float(left.read_text()) < 3 * 1060 + 600
