"""Signals end a command, even if Python drops the first one."""

import signal
import subprocess
import sys

import pytest

DROPPED = """
import signal, sys, time
from securenet_obs.cli.interrupts import end_on_signals

class Garbage:
    def __del__(self):
        signal.raise_signal(int(sys.argv[1]))

is_a_job = int(sys.argv[1]) != signal.SIGINT
signal.signal(signal.SIGINT, signal.SIG_IGN if is_a_job else signal.default_int_handler)
end_on_signals()
garbage = Garbage()
del garbage
print("went on", flush=True)
time.sleep(20)
"""

FAILING = """
from securenet_obs.cli.interrupts import end_on_signals

class Garbage:
    def __del__(self):
        raise ValueError("of the garbage itself")

end_on_signals()
garbage = Garbage()
del garbage
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_python_drops_comes_again(number: int) -> None:
    """A signal that a finalizer drops is repeated, even in a shell job that ignores SIGINT."""
    command = [sys.executable, "-c", DROPPED, str(int(number))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.stdout == "went on\n"
    assert ended.returncode == -signal.SIGINT


def test_other_errors_during_garbage_collection_are_reported() -> None:
    """Python reports other errors in finalizers as usual."""
    ended = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, "of the garbage itself" in ended.stderr) == (0, True)
