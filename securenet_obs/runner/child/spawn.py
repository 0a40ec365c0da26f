"""Starts a run's child process, in a new interpreter or by a warm server, and ends it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from securenet_obs.processes.descendants import kill_tree
from securenet_obs.runner.kernel.forked import ForkedProcess

CHILD = "securenet_obs.runner.child.main"

TERMINATION_TIMEOUT_S = 3.0
"""Seconds that a child has to end by itself before its whole group is killed."""


class Process(Protocol):
    """Interface of a child process, however it was started."""

    pid: int
    returncode: int | None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end; return its exit status."""

    def terminate(self) -> None:
        """Request the process to end."""


@contextmanager
def child_process(
    spec: Path, folder: Path, environment: Mapping[str, str], *, log: Path, warm: str
) -> Iterator[tuple[Process, int]]:
    """Run a child for the block; yield it and the descriptor of its reports.

    At the end of the block the child is ended if it still runs. Its standard input stays open as
    long as this process lives, so the child notices the end of this process.

    Args:
        spec: file with the specification of the run.
        folder: the child's working folder.
        environment: the child's environment variables.
        log: file for the child's standard error.
        warm: socket of the warm server that forks it; empty to start an interpreter.

    Raises:
        SecureNetObsError: the warm server does not answer.
    """
    with ExitStack() as ends, log.open("wb") as errors:
        stdin, lifeline = os.pipe()
        reports, reports_in = os.pipe()
        ends.callback(os.close, lifeline)
        ends.callback(os.close, reports)
        streams = [stdin, reports_in, errors.fileno()]
        try:
            child = _start(spec, folder, environment, streams, warm)
        finally:
            os.close(stdin)
            os.close(reports_in)
        if isinstance(child, ForkedProcess):
            ends.callback(child.close)
        try:
            yield child, reports
        finally:
            _end(child)


def _start(
    spec: Path, folder: Path, environment: Mapping[str, str], streams: list[int], warm: str
) -> "ForkedProcess | subprocess.Popen[bytes]":
    if warm:
        return ForkedProcess(
            warm, CHILD, [str(spec)], environment=environment, folder=folder, streams=streams
        )
    return subprocess.Popen(  # noqa: S603
        # -P: a file in the working folder must not shadow the child's imports.
        [sys.executable, "-P", "-m", CHILD, str(spec)],
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=True,
        cwd=folder,
        env=environment,
    )


def _end(child: Process) -> None:
    """Wait for a child to end; if it does not end in time, kill its whole group."""
    try:
        child.wait(TERMINATION_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        kill_tree(child.pid)
        # Its attendant, if that was stopped, cannot report the exit status.
        with suppress(subprocess.TimeoutExpired):
            child.wait(TERMINATION_TIMEOUT_S)
