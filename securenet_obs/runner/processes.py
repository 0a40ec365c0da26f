"""Ends processes with everything they started, those that went their own way included.

A kernel's child may leave its process group (`setsid`) and its parent (a daemon). Two things find
it all the same: what this process adopts (on Linux the child of a run is a subreaper), and a mark
in the environment that every descendant inherits.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

MARK = "SECURENET_OBS_RUN"
"""The variable that holds the id of the run that a process belongs to."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 20
"""How often to look again: what is killed may have started something else just before."""


def adopt_orphans() -> None:
    """Have descendants whose parent ends become children of this process (Linux only)."""
    _control(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Have this process killed as soon as its parent is gone (Linux only)."""
    _control(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def guarded(work: Callable[[], int]) -> int:
    """Do the work in a fork; whatever it leaves behind, however it ends, ends with it.

    Returns the work's exit status, and in the fork too. Only Linux lets orphans be adopted:
    elsewhere the work is done here.
    """
    if sys.platform != "linux":
        return work()
    adopt_orphans()
    worker = os.fork()
    if worker == 0:
        die_with_parent()
        return work()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(worker, number))
    # What the worker reports ends when the worker does.
    os.close(1)
    _, status = os.waitpid(worker, 0)
    kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # Whoever started this is to see what the worker died of.
        with suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def kill_descendants() -> None:
    """Kill everything below this process, until there is nothing left."""
    for _ in range(_ROUNDS):
        if not has_children():
            return
        _kill(psutil.Process().children(recursive=True))


def has_children() -> bool:
    """Say whether this process has a child, dead ones that nobody waited for included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_marked(run: str) -> None:
    """Kill every process that carries the mark of a run, but not this one."""
    for _ in range(_ROUNDS):
        if not (marked := [row for row in psutil.process_iter() if _carries(row, run)]):
            return
        _kill(marked)


def kill_group(leader: int) -> None:
    """Kill the process group of `leader`, and what is below it, wherever it went."""
    try:
        below = psutil.Process(leader).children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    # Nobody of the group may be left; macOS answers "not permitted" when only zombies are.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    _kill(below)


def _carries(process: psutil.Process, run: str) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return bool(alive and process.environ().get(MARK) == run)
    except psutil.Error:
        return False


def _kill(processes: Iterable[psutil.Process]) -> None:
    killed = []
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            # Gone already, or not ours to kill; the next round tells.
            continue
        killed.append(process)
    psutil.wait_procs(killed, timeout=2)
