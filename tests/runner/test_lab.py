"""JupyterLab for a person: an abnormal end is an error, and the end of its block stops it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.lab import EVIDENCE_ROOT, jupyter_lab, wait_for


def test_an_end_with_an_error_is_an_error() -> None:
    """The error has the exit status; a normal end raises none."""
    wait_for(subprocess.Popen([sys.executable, "-c", ""]))
    with pytest.raises(SecureNetObsError, match="exit status 3"):
        wait_for(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]))


def test_nothing_is_left_when_the_block_is(tmp_path: Path) -> None:
    """The address is on loopback at the given port, and no command line contains its token."""
    with jupyter_lab(tmp_path, os.environ, port=49999, browser=False) as (process, address):
        start, _, token = address.partition("?token=")
        assert start == "http://127.0.0.1:49999/lab"
        assert len(token) > 20
        variables = psutil.Process(process.pid).environ()
        assert variables[EVIDENCE_ROOT] == str(Path.cwd() / "evidence")
        assert token not in " ".join(map(str, process.args))  # type: ignore[arg-type]
    assert process.poll() is not None
