"""Installs the lock and the project into a new environment, and prints progress (`make install`).

The Makefile runs this file in the Python of that environment, before anything is installed there.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

# Python is isolated from the user's settings, and so from this folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from securenet_obs.locked_pip import (
    LOCKED,
    build_pip_environment,
    explain_pip_failure,
    format_pip_progress,
)

REPORT_EVERY_S = 10.0
STEPS = {
    "": (*LOCKED, "-r", "constraints.txt"),
    "the project itself": ("install", "--no-deps", "--no-build-isolation", "-e", "."),
    "checking the requirements": ("check",),
}
"""The calls of pip that set up the project's own environment; the first shows its progress."""


def set_up(venv: Path, lock: str) -> None:
    """Install the lock and the project in the working folder, and check their requirements.

    Raises:
        SystemExit: a step failed; its text is one sentence for the user of make.
    """
    log, python = venv / "install.log", f"{venv}/bin/python"
    environment, started = build_pip_environment(python), time.monotonic()
    with log.open("w") as output:
        for step, arguments in STEPS.items():
            process = subprocess.Popen(  # noqa: S603
                [python, "-I", "-m", "pip", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            while not _has_ended(process):
                state = step or format_pip_progress(log.read_text(errors="replace"), lock)
                seconds = time.monotonic() - started
                print(f"Setting up {venv}: {state} ({seconds:.0f} s)", flush=True)
            if process.returncode:
                failure = explain_pip_failure(log.read_text(errors="replace"), venv)
                sys.exit(f"make: {failure} (the output of pip: {log})")


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Wait for the process until the next report is due; return whether it has ended."""
    try:
        process.wait(REPORT_EVERY_S)
    except subprocess.TimeoutExpired:
        return False
    return True


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    set_up(Path(sys.argv[1]), Path("constraints.txt").read_text())
