"""Prometheus' own checker of expositions and rules; a test without it is skipped, fails in CI."""

import shutil
import subprocess

from securenet_obs.errors import StackError
from tests.stores import missing


def promtool(*arguments: object, text: str = "") -> "subprocess.CompletedProcess[str]":
    """Run promtool with this standard input."""
    program = shutil.which("promtool")
    if program is None:
        missing(StackError("promtool is not on the PATH: apt-get install prometheus"))
    command = [program, *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)
