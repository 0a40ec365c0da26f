"""Child processes, warm and cold: their end, and the end of all their descendants."""

import os
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.child.spawn import child_process
from securenet_obs.runner.command import Outcome

WAYS = pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])


@WAYS
def test_a_child_that_cannot_start_logs_the_reason(cold: bool, server: str, tmp_path: Path) -> None:
    """The report pipe ends at once, the exit status is 1, and the log ends with the reason."""
    log, spec = tmp_path / "log", tmp_path / "no spec"
    warm = "" if cold else server
    with child_process(spec, tmp_path, os.environ, log=log, warm=warm) as (child, reports):
        assert os.read(reports, 100) == b""
    assert child.returncode == 1
    assert "No such file" in log.read_text().splitlines()[-1]


def test_a_warm_server_that_is_not_there_leaves_nothing_open(tmp_path: Path) -> None:
    """The error names the server, and no descriptor of the pipes stays open."""
    before = psutil.Process().num_fds()
    absent_socket = str(tmp_path / "socket")
    with (
        pytest.raises(SecureNetObsError, match="does not answer"),
        child_process(tmp_path, tmp_path, {}, log=tmp_path / "log", warm=absent_socket),
    ):
        pass
    assert psutil.Process().num_fds() == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans cannot be adopted")
def test_a_daemon_does_not_outlive_a_cold_child_that_is_killed(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """After SIGKILL of the child the verdict is `interrupted`, and no descendant survives."""
    seconds = str(uuid.uuid4().int % 10**9 + 10**6)
    start = f"import os, time; os.system('env -i setsid sleep {seconds} &'); time.sleep(0.3)"
    outcome = execute(
        write_notebook(start, "os.kill(os.getppid(), 9); time.sleep(60)"), plain=True, cold=True
    )
    judged = outcome.runs[0].judged or {}
    assert (judged["verdict"], judged["cell"]) == ("interrupted", 2)
    assert "SIGKILL" in judged["reason"]
    assert not [row for row in psutil.process_iter(["cmdline"]) if seconds in str(row.info)]
