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
from securenet_obs.monitoring.logs.output.begun_line import BegunLine
from securenet_obs.monitoring.logs.output.handled_records import is_handled
from securenet_obs.monitoring.logs.output.printed_bytes import PrintedBytes

_streams: "weakref.WeakSet[PrintedLines]" = weakref.WeakSet()


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
        self._begun: list[BegunLine] = []
        self._begun_lock = threading.RLock()
        self._buffer = PrintedBytes(self, self.name)
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
    def buffer(self) -> "PrintedBytes":
        """A stream of bytes, which are decoded and logged."""
        return self._buffer

    def reconfigure(
        self, *, encoding: str | None = None, errors: str | None = None, **_: object
    ) -> None:
        """Set the encoding of `buffer`; newlines and buffering stay those of log lines."""
        self._buffer.end()
        if encoding is not None:
            self._encoding = codecs.lookup(encoding).name
        if errors is not None:
            self._errors = errors
        self._buffer.decode_as(self._encoding, self._errors)

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
        if is_handled(sys._getframe().f_back):
            return len(text)
        *lines, rest = plain_text(text).split("\n")
        begun = self._of_this_thread()
        for line in lines:
            if line or not begun.is_empty:
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

    def end_line(self) -> None:
        """Log the line that this thread has begun, as at the end of a task."""
        begun: BegunLine | None = getattr(self._local, "begun", None)
        if begun is not None:
            self._log_line(begun.clear())

    def forget_lines(self) -> None:
        """Forget begun lines, in a forked child: the parent logs them."""
        self._begun_lock = threading.RLock()
        for line in self._begun:
            line.clear()

    def _log_line(self, text: str) -> None:
        line = text.rstrip()
        if line:
            # The standard library's own web server prints its access lines.
            self._log(without_query(line) if "?" in line else line)

    def _of_this_thread(self) -> BegunLine:
        try:
            begun: BegunLine = self._local.begun
        except AttributeError:
            begun = self._local.begun = BegunLine()
            self._keep(begun)
        return begun

    def _keep(self, begun: BegunLine) -> None:
        """Keep the line of a new thread, and log the lines of threads that have ended."""
        with self._begun_lock:
            ended = [line for line in self._begun if not line.has_thread]
            self._begun = [*(line for line in self._begun if line.has_thread), begun]
        for line in ended:
            self._log_line(line.clear())


def end_lines_of_thread() -> None:
    """Log the lines that this thread has begun, with the ids that are bound to it."""
    for stream in list(_streams):
        stream.end_line()


def end_all_lines() -> None:
    """Log the lines that all threads have begun, before the process leaves by `os._exit`."""
    for stream in list(_streams):
        stream.end_lines()


def _forget_all() -> None:
    for stream in list(_streams):
        stream.forget_lines()


def _end_with_process(_: object = None) -> None:
    """End all lines at the end of this process, or of a process of multiprocessing."""
    multiprocessing.util.Finalize(None, end_all_lines, exitpriority=0)


atexit.register(end_all_lines)
os.register_at_fork(after_in_child=_forget_all)
multiprocessing.util.register_after_fork(_end_with_process, _end_with_process)
_end_with_process()
