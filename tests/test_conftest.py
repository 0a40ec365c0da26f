"""Settings of the test process itself."""

import subprocess
import sys
from pathlib import Path

PROGRAM = "import signal, tests.conftest; print(signal.getsignal(signal.SIGINT).__name__)"


def test_programs_of_tests_in_a_background_job_receive_ctrl_c() -> None:
    """A shell lets its background jobs ignore it, and programs inherit that."""
    done = subprocess.run(
        ["bash", "-c", f"trap '' INT; exec {sys.executable} -c '{PROGRAM}'"],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "default_int_handler"
