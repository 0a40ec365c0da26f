"""Kills process trees, detached or marked ones too; adopts orphans; runs work in a guarded fork.

A kernel's child may leave its process group (`setsid`) and its parent (a daemon). Two mechanisms
still find it: the adoption of orphans (on Linux the child of a run is a subreaper), and a mark in
the environment that every descendant inherits.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

from securenet_obs.processes.groups import kill_group

MARK = "SECURENET_OBS_RUN"
"""Variable with the id of the run that a process belongs to."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS = 20
"""Maximum number of searches: a process may have started another just before it was killed."""


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process (Linux only)."""
    _set_process_control(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Make the system kill this process as soon as its parent ends (Linux only)."""
    _set_process_control(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _set_process_control(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def run_guarded(work: Callable[[], int]) -> int:
    """Run `work` in a fork; however it ends, kill the processes that it leaves.

    Returns the exit status of `work`, in the fork too. Only Linux lets orphans be adopted:
    elsewhere `work` runs in this process.
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
    # The stream of reports must end when the worker does.
    os.close(1)
    _, status = os.waitpid(worker, 0)
    kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # The parent must see the signal that killed the worker.
        with suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def kill_descendants() -> None:
    """Kill all descendants of this process, until none is left."""
    for _ in range(_ROUNDS):
        if not has_children():
            return
        _kill(psutil.Process().children(recursive=True))


def has_children() -> bool:
    """Return whether this process has a child, zombies included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def kill_marked(run: str) -> None:
    """Kill every process with the mark of a run, except this one."""
    for _ in range(_ROUNDS):
        if not (marked := [row for row in psutil.process_iter() if _has_mark(row, run)]):
            return
        _kill(marked)


def kill_tree(leader: int) -> None:
    """Kill the process group of `leader`, and its descendants in any other group."""
    try:
        below = psutil.Process(leader).children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    kill_group(leader)
    _kill(below)


def _has_mark(process: psutil.Process, run: str) -> bool:
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
            # Already gone, or not permitted; the next round shows which.
            continue
        killed.append(process)
    psutil.wait_procs(killed, timeout=2)
