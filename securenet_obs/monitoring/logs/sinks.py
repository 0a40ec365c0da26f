"""Writes lines to a descriptor without blocking: files, pipes, sockets and terminals.

Several processes may share a pipe, and a write of more than `PIPE_BUF` bytes may be cut in two by
another's. A lock of the pipe itself (`fcntl`) keeps their lines apart; it ends with its process. A
line is begun only when all of it fits, so that the lock is not held while a reader is slow, and
neither a killed process nor a stopped reader leaves half a line.
"""

import errno
import fcntl
import os
import select
import stat
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from weakref import WeakValueDictionary, finalize

from securenet_obs.processes.polling import Deadline

_PAGE = 4096
_POLL_S = 0.0005
_LOCK_S = 0.005
"""Seconds that a line waits for the lock in any case: it is held no longer than a write takes."""
_NOT_LOCKABLE = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EBADF)
_BUSY = (errno.EAGAIN, errno.EACCES)


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


class SharedSink(Sink):
    """A socket or terminal that other processes write to, too: lines are written under a lock."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._nowait_supported = hasattr(os, "RWF_NOWAIT")
        self._lockable = True

    def _is_torn(self) -> bool:
        return self.torn

    def _write(self, line: bytes, wait_s: float) -> None:
        deadline = Deadline.after(wait_s)
        while not self._try_write(line, deadline):
            if deadline.has_passed:
                raise TimeoutError
            self._wait(deadline)
            if len(line) > select.PIPE_BUF:
                time.sleep(_POLL_S)  # there is room, but not for all of it

    def _has_room(self, size: int) -> bool:
        """Return whether a line of this size may be begun."""
        return True

    def _try_write(self, line: bytes, deadline: Deadline) -> bool:
        """Write a line unless there is no room; wait only with a line that has been begun."""
        with self._process_lock(deadline):
            if not self._has_room(len(line)):
                return False
            try:
                written = self._write_some(line)
            except BlockingIOError:
                return False
            if written < len(line):
                self._write_rest(line[written:], deadline)
            self.torn = False
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

    @contextmanager
    def _process_lock(self, deadline: Deadline) -> Iterator[None]:
        """Hold the lock of the pipe, socket or terminal among processes.

        Raises:
            TimeoutError: another process held it until the deadline.
        """
        while self._lockable and not self._try_lock():
            if deadline.later(_LOCK_S).has_passed:
                raise TimeoutError
            time.sleep(_POLL_S)
        try:
            yield
        finally:
            if self._lockable:
                fcntl.fcntl(self.descriptor, fcntl.F_SETLK, _UNLOCK)

    def _try_lock(self) -> bool:
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_SETLK, _LOCK)
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


_LOCK, _UNLOCK = (
    struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0) for kind in (fcntl.F_WRLCK, fcntl.F_UNLCK)
)
_sinks: WeakValueDictionary[tuple[int, int, int], Sink] = WeakValueDictionary()


def sink_of(descriptor: int) -> Sink:
    """Return the sink of a descriptor; all outputs of a process to one file share it."""
    try:
        status = os.fstat(descriptor)
    except OSError:  # closed: every line will be lost, and counted
        return Sink(descriptor)
    key = (descriptor, status.st_dev, status.st_ino)
    sink = _sinks.get(key)
    if sink is None:
        sink = _sinks[key] = _new_sink(descriptor, status.st_mode)
    return sink


def _new_sink(descriptor: int, mode: int) -> Sink:
    if stat.S_ISFIFO(mode):
        return PipeSink(descriptor)
    if stat.S_ISSOCK(mode):
        return SharedSink(descriptor)
    try:
        return TerminalSink(descriptor) if os.isatty(descriptor) else Sink(descriptor)
    except OSError:  # the terminal cannot be opened again
        return SharedSink(descriptor)


def _pipe_capacity(descriptor: int) -> int:
    """Return the bytes that a pipe holds, 0 if they are not known."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):  # not Linux
        return 0


def _forget_torn() -> None:
    """Forget lines that another thread had begun, in a forked child: the parent ends them."""
    for sink in list(_sinks.values()):
        sink.torn = False


os.register_at_fork(after_in_child=_forget_torn)
