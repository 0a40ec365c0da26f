"""Pauses, kills or terminates a stack part's processes by signals; lists its child processes."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.processes.groups import kill_group
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.part import STOP_S, Part


@contextmanager
def pause(part: Part) -> Iterator[None]:
    """Suspend a part's leader during the block (SIGSTOP), which it cannot notice.

    Its children finish their tasks: a suspended child might hold a lock of the store.
    """
    os.kill(part.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(part.pid, signal.SIGCONT)


def find_children(part: Part) -> list[int]:
    """Return the pids of the processes that a part's leader has forked."""
    # From /proc where possible, at once: ps takes as long as a new child needs to receive a task.
    kernel_list = Path(f"/proc/{part.pid}/task/{part.pid}/children")
    if kernel_list.exists():
        return [int(pid) for pid in kernel_list.read_text().split()]
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(pid) for pid, parent in rows if int(parent) == part.pid]


def kill(part: Part) -> None:
    """Kill a part and its children, as a power failure would."""
    kill_group(part.pid)
    part.stop()


def kill_children(part: Part) -> None:
    """Kill the children alone, as the kernel does when memory is exhausted."""
    for pid in find_children(part):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def terminate_gracefully(part: Part) -> None:
    """End a part with SIGTERM, and wait for its end.

    Raises:
        StackError: it did not end in time, or its exit code is not 0.
    """
    os.kill(part.pid, signal.SIGTERM)
    poll_until(lambda: not part.is_running(), deadline_s=STOP_S, interval_s=0.05)
    code = part.exit_code
    kill(part)
    if code != 0:
        how = f"ended with exit code {code}" if code is not None else f"ran on for {STOP_S:g} s"
        raise StackError(f"{part.name} received SIGTERM and {how}.")
