"""Writes lines to a file descriptor; each begins a line of its own, even after a partial one."""

import errno
import os
import select
import threading
from typing import IO

from securenet_obs.processes.polling import Deadline


class Sink:
    """A descriptor of a file: each line is one write.

    `lock` is for the threads of this process. `torn` is true after a line of which only a part was
    written; the next line then starts on a line of its own.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.torn = False
        # Reentrant: a signal handler may log while its thread is writing a line.
        self.lock = threading.RLock()
        # The stream that owns the descriptor: after it is closed, another file may have the number.
        self.stream: IO[str] | None = None
        self._failed = False

    def write(self, line: bytes, wait_s: float) -> None:
        """Write a line; wait for room at most `wait_s` seconds.

        Raises:
            OSError: the line was not written, or only a part of it.
        """
        if self._failed or self.stream is not None:
            line = self._checked(line)
        self._failed = True
        self._write(line, wait_s)
        self._failed = False

    def _checked(self, line: bytes) -> bytes:
        """Return the line, after a newline if a part of a line was written before it.

        Raises:
            OSError: the stream that owns the descriptor is closed.
        """
        if self.stream is not None and self.stream.closed:
            raise OSError(errno.EBADF, "stdout is closed")
        if self._failed:
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
        """Return whether the last line has no newline; another process may have torn it."""
        try:
            reading = os.open(f"/dev/fd/{self.descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return self.torn
        try:
            size = os.fstat(reading).st_size
            return size > 0 and os.pread(reading, 1, size - 1) != b"\n"
        except OSError:
            return self.torn
        finally:
            os.close(reading)
