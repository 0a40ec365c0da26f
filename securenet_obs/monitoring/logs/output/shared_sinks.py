"""Writes lines to pipes, sockets and terminals that several processes share, without blocking.

A write of more than `PIPE_BUF` bytes may be cut in two by that of another process. A lock of the
pipe itself (`fcntl`) keeps their lines apart; it ends with its process. A line is begun only when
all of it fits, so that the lock is not held while a reader is slow, and neither a killed process
nor a stopped reader leaves half a line.
"""

import errno
import fcntl
import os
import select
import struct
import termios
import time
from weakref import finalize

from securenet_obs.monitoring.logs.output.sink import Sink
from securenet_obs.processes.polling import Deadline

_PAGE = 4096
_POLL_S = 0.0005
_LOCK_S = 0.005
"""Seconds that a line waits for the lock in any case: it is held no longer than a write takes."""
_NOT_LOCKABLE = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EBADF)
_BUSY = (errno.EAGAIN, errno.EACCES)


class SharedSink(Sink):
    """A socket or terminal that other processes write to, too: lines are written under a lock."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._nowait_supported = hasattr(os, "RWF_NOWAIT")
        self._lockable = True

    def _is_torn(self) -> bool:
        return self.torn

    def _write(self, line: bytes, wait_s: float) -> None:
        if self._try_write(line, wait_s):
            return
        deadline = Deadline.after(wait_s)
        while not deadline.has_passed:
            self._wait(deadline)
            if self._try_write(line, wait_s):
                return
            if len(line) > select.PIPE_BUF:
                time.sleep(_POLL_S)  # there is room, but not for all of it
        raise TimeoutError

    def _try_write(self, line: bytes, wait_s: float) -> bool:
        """Write a line unless there is no room; wait only with a line that has been begun."""
        if self._lockable and not self._try_lock():
            self._wait_for_lock(wait_s)
        try:
            if not self._has_room(len(line)):
                return False
            written = self._write_some(line)
            if written < len(line):
                self._write_rest(line[written:], Deadline.after(wait_s))
        except BlockingIOError:
            return False
        finally:
            if self._lockable:
                fcntl.lockf(self.descriptor, fcntl.LOCK_UN)
        self.torn = False
        return True

    def _has_room(self, size: int) -> bool:
        """Return whether a line of this size may be begun."""
        return True

    def _write_some(self, data: bytes) -> int:
        """Write as many bytes as fit, and return their number; O_NONBLOCK would affect all users.

        Raises:
            BlockingIOError: not one byte fits.
        """
        if self._nowait_supported:
            try:
                return os.pwritev(self.descriptor, [data], -1, os.RWF_NOWAIT)
            except OSError as error:  # Linux before 6.4 does not support it for pipes
                if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ESPIPE):
                    raise
                self._nowait_supported = False
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        if not poll.poll(0):
            raise BlockingIOError
        return os.write(self.descriptor, data[: select.PIPE_BUF])

    def _wait_for_lock(self, wait_s: float) -> None:
        """Wait for the lock of the pipe, socket or terminal among processes.

        Raises:
            TimeoutError: another process held it for too long.
        """
        deadline = Deadline.after(max(wait_s, _LOCK_S))
        while not self._try_lock():
            if deadline.has_passed:
                raise TimeoutError
            time.sleep(_POLL_S)

    def _try_lock(self) -> bool:
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            if error.errno not in _NOT_LOCKABLE:
                raise
            self._lockable = False
        return True


class TerminalSink(SharedSink):
    """A terminal, written by a descriptor of its own that does not block after Ctrl-S."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._device = os.fstat(descriptor).st_rdev
        flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        self._own = os.open(os.ttyname(descriptor), flags)
        finalize(self, os.close, self._own)

    def _write_some(self, data: bytes) -> int:
        redirected = os.fstat(self.descriptor).st_rdev != self._device
        return os.write(self.descriptor if redirected else self._own, data)


class PipeSink(SharedSink):
    """A pipe: a line is begun only when all of it fits."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._capacity = _pipe_capacity(descriptor)

    def _has_room(self, size: int) -> bool:
        """Return whether so many bytes fit, or are written in one piece, or never fit.

        A pipe holds pages. Two adjacent ones hold more than one page of bytes, or the second write
        would have gone to the first page.
        """
        if size <= select.PIPE_BUF or size > self._capacity:
            return True
        unread = struct.unpack("i", fcntl.ioctl(self.descriptor, termios.FIONREAD, b"\0" * 4))[0]
        used = 2 * unread // _PAGE + 2
        return not unread or size // _PAGE + 2 + used <= self._capacity // _PAGE


def _pipe_capacity(descriptor: int) -> int:
    """Return the bytes that a pipe holds, 0 if they are not known."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):  # not Linux
        return 0
