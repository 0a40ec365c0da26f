"""Forked processes: as fresh as started ones, and ended with their client."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.kernel.forked import ForkedProcess, started_server
from securenet_obs.runner.kernel.warm import available
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]


def test_a_process_is_killed_when_its_client_goes(server: str, tmp_path: Path) -> None:
    """The process ends as soon as the connection closes."""
    (tmp_path / "kernel.json").write_text("{}")
    with open(os.devnull, "r+b") as nothing:
        process = ForkedProcess(
            server, "securenet_obs.runner.kernel.main", [], environment=os.environ,
            folder=tmp_path, streams=[nothing.fileno()] * 3,
        )  # fmt: skip
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    process.close()
    assert eventually(lambda: not psutil.pid_exists(process.pid))


def test_the_exit_status_is_the_processs_own(server: str, tmp_path: Path) -> None:
    """The exit status is 1 after an error and negative after a signal, as in subprocess."""
    with open(os.devnull, "r+b") as nothing:
        processes = [
            ForkedProcess(
                server, module, arguments, environment=os.environ,
                folder=tmp_path, streams=[nothing.fileno()] * 3,
            )
            for module, arguments in (
                ("securenet_obs.runner.evidence.pages", ["title", "/nowhere"]),
                ("securenet_obs.runner.kernel.main", []),
            )
        ]  # fmt: skip
    assert processes[0].wait(30) == 1
    processes[1].kill()
    assert processes[1].wait(30) == -9
    for process in processes:
        process.close()


def test_a_server_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """The error names the socket."""
    with pytest.raises(SecureNetObsError, match=r"no\.socket"):
        ForkedProcess(
            str(tmp_path / "no.socket"), "securenet_obs.runner.kernel.main", [],
            environment={}, folder=tmp_path, streams=[0, 1, 2],
        )  # fmt: skip


@pytest.mark.slow
def test_servers_leave_nothing_behind() -> None:
    """The server's process and its socket are gone after the block."""
    with started_server() as server:
        path = Path(server())
        assert path.is_socket()
    assert not path.parent.exists()
