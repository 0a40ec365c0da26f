"""Fast exit: exit handlers and the exit status are kept, and nothing else is waited for."""

import subprocess
import sys

import pytest

CODE = """
import atexit, sys
from securenet_obs.runner.kernel.fast_exit import run_main, enable_fast_exit
enable_fast_exit()
class Slow:
    def __del__(self): print("tidied up")
kept = Slow()
def main(arguments):
    atexit.register(print, "handler")
    {end}
run_main(main, sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("return None", 0),
        ("return 3", 3),
        ("sys.exit()", 0),
        ("sys.exit(74)", 74),
        ("sys.exit('no')", 1),
        ("1 / 0", 1),
    ],
)
def test_the_exit_status_is_the_result_of_main(end: str, status: int) -> None:
    """Handlers that main registered have run, and no object is finalised one by one."""
    command = [sys.executable, "-c", CODE.format(end=end)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, "handler\n")
    assert ("ZeroDivisionError" in done.stderr) == (end == "1 / 0")
