"""The program of a staying server serves one state until it is ended."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from securenet_obs.runner.kernel.staying import MODULE, state_name
from securenet_obs.runner.kernel.warm import available

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]

ENDED_WHILE_FORKING = """
import os, signal, sys
from securenet_obs.runner.kernel.staying_server import main
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
main(sys.argv[1:])
"""


def test_a_state_that_has_changed_is_not_served(tmp_path: Path) -> None:
    """Code that changed between the command and the import would be served as the former one."""
    command = [sys.executable, "-P", "-m", MODULE, str(tmp_path), "another"]
    assert subprocess.run(command, timeout=240, check=False).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_forks_is_ended() -> None:
    """Python drops what a handler raises in a function that it calls at a fork."""
    name = state_name(os.environ)
    # The path of a Unix socket is short.
    with tempfile.TemporaryDirectory(prefix="ss-", dir="/tmp") as folder:
        command = [sys.executable, "-P", "-c", ENDED_WHILE_FORKING, folder, name]
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        try:
            _, errors = server.communicate(timeout=240)
        finally:
            server.kill()
        assert (server.returncode, b"SystemExit" in errors) == (0, True)
        assert list(Path(folder).iterdir()) == []
