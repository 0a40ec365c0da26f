"""Fixture that forks processes and kills them afterwards."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def children() -> Iterator[Callable[[Callable[[], None]], int]]:
    """Yield a function that runs another in a forked process, which is killed afterwards."""
    pids: list[int] = []

    def fork(run: Callable[[], None]) -> int:
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                run()
            os._exit(0)
        pids.append(pid)
        return pid

    yield fork
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
