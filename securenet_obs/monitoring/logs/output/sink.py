"""Writes lines to a file descriptor; each begins a line of its own, even after a partial one."""

import errno
import os
import select
import threading
import time
from typing import IO

from securenet_obs.processes.polling import Deadline

_IDLE_S = 0.1
"""Seconds without a line, after which other processes may have met a full disk."""
_GROWTH_S = 0.005
"""Seconds in which the line that another process is writing grows."""


class Sink:
    """A descriptor of a file: each line is one write.

    `lock` is for the threads of this process. `torn` is true after a line of which only a part was
    written; the next line then starts on a line of its own. `failed` is true after a line that was
    not written, or only in part.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.torn = False
        # Reentrant: a signal handler may log while its thread is writing a line.
        self.lock = threading.RLock()
        # The stream that owns the descriptor: after it is closed, another file may have the number.
        self.stream: IO[str] | None = None
        self.failed = False
        self._written_at = 0.0

    def write(self, line: bytes, wait_s: float) -> None:
        """Write a line; wait for room at most `wait_s` seconds.

        Raises:
            OSError: the line was not written, or only a part of it.
        """
        now = time.monotonic()
        idle = now - self._written_at > _IDLE_S
        self._written_at = now
        if self.failed or idle or self.stream is not None:
            line = self._checked(line, idle)
        try:
            self._write(line, wait_s)
        except BaseException:
            self.failed = True
            raise
        self.failed = False

    def _checked(self, line: bytes, idle: bool) -> bytes:
        """Return the line, after a newline if a part of a line was written before it.

        Another process may have written that part since this one wrote a line.

        Raises:
            OSError: the stream that owns the descriptor is closed.
        """
        if self.stream is not None and self.stream.closed:
            raise OSError(errno.EBADF, "stdout is closed")
        if self.failed or idle:
            self.torn = self._is_torn()
        return b"\n" + line if self.torn else line

    def _write(self, line: bytes, wait_s: float) -> None:
        written = self._write_some(line)
        if written == len(line):
            self.torn = False
        else:
            self._write_rest(line[written:], Deadline.after(wait_s))

    def _write_rest(self, line: bytes, deadline: Deadline) -> None:
        """Write the rest of a line that has been begun."""
        self.torn = True
        while line:
            try:
                line = line[self._write_some(line) :]
            except BlockingIOError:
                self._wait(deadline)
        self.torn = False

    def _write_some(self, data: bytes) -> int:
        return os.write(self.descriptor, data)

    def _wait(self, deadline: Deadline) -> None:
        """Wait until the descriptor is writable.

        Raises:
            TimeoutError: it is not writable by the deadline.
        """
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        if not poll.poll(deadline.left_s * 1e3):
            raise TimeoutError

    def _is_torn(self) -> bool:
        """Return whether the last line has no newline; another process may have torn it.

        A line that another process is writing at the moment is not torn: the file grows.
        """
        try:
            reading = os.open(f"/dev/fd/{self.descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return self.torn
        try:
            size = os.fstat(reading).st_size
            if not size or os.pread(reading, 1, size - 1) == b"\n":
                return False
            time.sleep(_GROWTH_S)
            return os.fstat(reading).st_size == size
        except OSError:
            return self.torn
        finally:
            os.close(reading)
