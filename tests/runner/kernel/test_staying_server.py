"""The program of a staying server serves one state, and leaves it to another server."""

import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.runner.kernel.staying import MODULE
from securenet_obs.runner.kernel.warm import available

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]


def test_a_state_that_has_changed_is_not_served(tmp_path: Path) -> None:
    """Code that changed between the command and the import would be served as the former one."""
    command = [sys.executable, "-P", "-m", MODULE, str(tmp_path), "another"]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    assert list(tmp_path.iterdir()) == []
