"""Writes whole log lines to stdout or a file, and counts those that a stall lost."""

import errno
import os
import select
import stat
import sys
import threading
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper, UnsupportedOperation

from securenet_obs.processes.polling import Deadline

WRITE_TIMEOUT_S = 1.0
"""Seconds that one line waits for a slow reader; until that reads again, no other line waits."""


class LineOutput:
    """Writes whole lines, never mixed between threads; a slow or closed reader loses lines.

    `lost` counts lines that could not be written. `format_lost` converts their number to a line,
    which is written before the next line that succeeds.

    Args:
        descriptor: destination of the lines; stdout by default.
        timeout_s: seconds that a line may wait for a full pipe or socket.
    """

    def __init__(self, descriptor: int | None = None, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        self._descriptor = _stdout_descriptor() if descriptor is None else descriptor
        self._write_some = _writer(self._descriptor)
        self._timeout_s = timeout_s
        self._unreported = 0
        self._stalled = False
        self._cut_off = False
        # Reentrant: a signal handler may log while its thread is writing a line.
        self._lock = threading.RLock()
        self.lost = 0
        self.format_lost: Callable[[int], bytes] = lambda count: b""
        os.register_at_fork(after_in_child=self._replace_lock)

    def _replace_lock(self) -> None:
        """Replace the lock: a thread that held it does not exist in the child."""
        self._lock = threading.RLock()

    def write(self, line: bytes) -> None:
        """Write one line, which includes its newline."""
        with self._lock:
            try:
                if self._unreported:
                    self._report_lost()
                self._write(line)
            except OSError:
                self.lost += 1
                self._unreported += 1
                self._stalled = True

    def _report_lost(self) -> None:
        """Write the number of lost lines, after ending a line that was torn."""
        report = self.format_lost(self._unreported)
        self._write(b"\n" + report if self._cut_off else report)
        if report:
            self._unreported = 0

    def _write(self, data: bytes) -> None:
        written = 0
        deadline: Deadline | None = None
        while written < len(data):
            try:
                written += self._write_some(data[written:])
            except BlockingIOError:
                timeout_s = 0 if self._stalled else self._timeout_s
                deadline = deadline or Deadline.after(timeout_s)
                self._cut_off = self._cut_off or written > 0
                _wait(self._descriptor, deadline)
        if data:
            self._stalled = self._cut_off = False


def _wait(descriptor: int | None, deadline: Deadline) -> None:
    """Wait until the descriptor is writable.

    Raises:
        TimeoutError: it is not writable by the deadline.
    """
    if descriptor is None or not _is_writable(descriptor, deadline.left_s):
        raise TimeoutError


def _is_writable(descriptor: int, within_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(within_s * 1e3))


def _writer(descriptor: int | None) -> Callable[[bytes], int]:
    """Return a function that writes some bytes and returns their number, without waiting."""
    if descriptor is None:
        return lambda data: sys.stdout.write(data.decode()) and len(data)
    return _Pipe(descriptor).write if _has_reader(descriptor) else partial(os.write, descriptor)


def _has_reader(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # closed: every line will be lost, and counted
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


class _Pipe:
    """Writes to a pipe or socket without waiting; O_NONBLOCK would affect all its users."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._nowait_supported = hasattr(os, "RWF_NOWAIT")

    def write(self, data: bytes) -> int:
        """Write as many bytes as fit, and return their number.

        Raises:
            BlockingIOError: not one byte fits.
        """
        if self._nowait_supported:
            try:
                return os.pwritev(self._descriptor, [data], -1, os.RWF_NOWAIT)
            except OSError as error:  # Linux before 6.4 does not support it for pipes
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE):
                    raise
                self._nowait_supported = False
        if not _is_writable(self._descriptor, 0):
            raise BlockingIOError
        return os.write(self._descriptor, data[: select.PIPE_BUF])


def _stdout_descriptor() -> int | None:
    """Return stdout's descriptor, None if stdout is not a file.

    In a notebook it is not, but has a descriptor: that of the kernel's own output, which a reader
    of the notebook does not see.
    """
    if not isinstance(sys.stdout, TextIOWrapper):
        return None
    try:
        return sys.stdout.fileno()
    except UnsupportedOperation:
        return None
