"""Text streams that replace stdout and stderr in a service and log the lines printed to them."""

import atexit
import codecs
import io
import multiprocessing.util
import os
import sys
import threading
import weakref
from typing import Any

import structlog

from securenet_obs.monitoring.foreign_objects import plain_text
from securenet_obs.monitoring.logs.access_records import without_query

MAX_LINE_CHARACTERS = 64 * 1024
"""Characters of a line that is kept until its end; a longer line is logged in parts."""

_streams: "weakref.WeakSet[PrintedLines]" = weakref.WeakSet()


class _Begun:
    """The pieces of a line that a thread has begun."""

    def __init__(self) -> None:
        self.thread = weakref.ref(threading.current_thread())
        self._pieces: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        """Add text without a newline; a carriage return discards the text before it."""
        body = text.rstrip("\r")  # a final one may belong to the newline that follows
        at = body.rfind("\r")
        if at >= 0 or self._ends_with_return():
            if not body:
                return
            self.clear()
            text = text[at + 1 :]
        self._pieces.append(text)
        self._length += len(text)

    def _ends_with_return(self) -> bool:
        return bool(self._pieces) and self._pieces[-1].endswith("\r")

    def clear(self) -> str:
        """Return the text, and forget it."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return text

    @property
    def is_long(self) -> bool:
        """Whether the line has reached the length at which it is logged in parts."""
        return self._length >= MAX_LINE_CHARACTERS


class PrintedLines(io.TextIOBase):
    """A text stream that logs its lines; in all else it is like the stream that it replaces.

    Each thread has lines of its own. `replaced` is that stream; None if there was none.

    Args:
        name: of the logger: `stdout` or `stderr`.
        level: of the lines.
        replaced: the stream whose descriptor, if it has one, child processes inherit.
    """

    mode = "w"
    newlines = None
    line_buffering = True
    write_through = True

    def __init__(self, name: str, level: str, replaced: Any = None) -> None:
        super().__init__()
        self.name = f"<{name}>"
        self.replaced = replaced
        self._encoding, self._errors = "utf-8", "backslashreplace"
        self._log = getattr(structlog.get_logger(name), level)
        self._local = threading.local()
        self._begun: list[_Begun] = []
        self._begun_lock = threading.RLock()
        self._buffer = _Buffer(self)
        _streams.add(self)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the replaced stream that text streams do not have in general.

        A notebook's kernel sets the cell on its stream, for example.
        """
        replaced = self.__dict__.get("replaced")
        if replaced is None:
            raise AttributeError(name)
        return getattr(replaced, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the bytes written to `buffer`."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Error handler of the encoding."""
        return self._errors

    @property
    def buffer(self) -> "_Buffer":
        """A stream of bytes, which are decoded and logged."""
        return self._buffer

    def reconfigure(
        self, *, encoding: str | None = None, errors: str | None = None, **_: object
    ) -> None:
        """Set the encoding of `buffer`; newlines and buffering stay those of log lines."""
        self._buffer.flush()
        if encoding is not None:
            self._encoding = codecs.lookup(encoding).name
        if errors is not None:
            self._errors = errors
        self._buffer.renew_decoder()

    def detach(self) -> Any:
        """Return `buffer`; the stream can still be used."""
        return self._buffer

    def fileno(self) -> int:
        """Return the descriptor of the replaced stream.

        Raises:
            UnsupportedOperation: it has none.
        """
        if self.replaced is None:
            raise io.UnsupportedOperation("fileno")
        return int(self.replaced.fileno())

    def isatty(self) -> bool:
        """Return False: lines are not for a terminal."""
        return False

    def writable(self) -> bool:
        """Return True: the stream is writable."""
        return True

    def close(self) -> None:
        """Log the begun lines; the stream stays open, as other code of the process prints to it."""
        self.end_lines()

    def flush(self) -> None:
        """Do nothing: a line is logged at its end; at the end of the process, log begun lines."""
        if sys.is_finalizing():
            self.end_lines()

    def write(self, text: str) -> int:
        """Log complete lines, and keep the rest for this thread's next write."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        *lines, rest = plain_text(text).split("\n")
        begun = self._of_this_thread()
        for line in lines:
            begun.add(line)
            self._log_line(begun.clear())
        if rest:
            begun.add(rest)
            if begun.is_long:
                self._log_line(begun.clear())
        return len(text)

    def end_lines(self) -> None:
        """Log the lines that threads have begun, as at the end of the process."""
        self._buffer.end()
        with self._begun_lock:
            begun = list(self._begun)
        for line in begun:
            self._log_line(line.clear())

    def forget_lines(self) -> None:
        """Forget begun lines, in a forked child: the parent logs them."""
        self._begun_lock = threading.RLock()
        for line in self._begun:
            line.clear()

    def _log_line(self, text: str) -> None:
        line = text.rstrip()
        if line:
            # The standard library's own web server prints its access lines.
            self._log(without_query(line))

    def _of_this_thread(self) -> _Begun:
        try:
            begun: _Begun = self._local.begun
        except AttributeError:
            begun = self._local.begun = _Begun()
            self._keep(begun)
        return begun

    def _keep(self, begun: _Begun) -> None:
        """Keep the line of a new thread, and log the lines of threads that have ended."""
        with self._begun_lock:
            ended = [line for line in self._begun if not _is_alive(line)]
            self._begun = [*(line for line in self._begun if _is_alive(line)), begun]
        for line in ended:
            self._log_line(line.clear())


class _Buffer(io.BufferedIOBase):
    """The bytes of a stream of printed lines."""

    mode = "wb"

    def __init__(self, lines: PrintedLines) -> None:
        super().__init__()
        self._lines = lines
        self.name = lines.name
        self.renew_decoder()

    @property
    def raw(self) -> Any:
        """Return itself: nothing is buffered."""
        return self

    def renew_decoder(self) -> None:
        """Decode the bytes that follow by the encoding of the stream."""
        decoder = codecs.getincrementaldecoder(self._lines.encoding)
        self._decoder = decoder(self._lines.errors)

    def writable(self) -> bool:
        """Return True: the stream is writable."""
        return True

    def write(self, data: Any) -> int:
        """Decode bytes and print them; a character may come in parts."""
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        view = memoryview(data).cast("B")
        self._lines.write(self._decoder.decode(view.tobytes()))
        return len(view)

    def fileno(self) -> int:
        """Return the descriptor of the replaced stream."""
        return self._lines.fileno()

    def isatty(self) -> bool:
        """Return False: lines are not for a terminal."""
        return False

    def end(self) -> None:
        """Print the part of a character that was not completed."""
        self._lines.write(self._decoder.decode(b"", final=True))

    def close(self) -> None:
        """Do nothing: a wrapper of these bytes closes them when it is collected."""

    def detach(self) -> Any:
        """Return itself: nothing is buffered."""
        return self


def _is_alive(begun: _Begun) -> bool:
    thread = begun.thread()
    return thread is not None and thread.is_alive()


def _end_all() -> None:
    for stream in list(_streams):
        stream.end_lines()


def _forget_all() -> None:
    for stream in list(_streams):
        stream.forget_lines()


def _end_with_process(_: object = None) -> None:
    """End all lines at the end of this process, or of a process of multiprocessing."""
    multiprocessing.util.Finalize(None, _end_all, exitpriority=0)


atexit.register(_end_all)
os.register_at_fork(after_in_child=_forget_all)
multiprocessing.util.register_after_fork(_end_with_process, _end_with_process)
_end_with_process()
