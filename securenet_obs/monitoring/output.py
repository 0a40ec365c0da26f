"""Where log lines go, one `write` a line to a file descriptor, and prints that become log lines."""

import os
import sys
import threading
from io import TextIOBase, TextIOWrapper, UnsupportedOperation

import structlog


class LineOutput:
    """Writes whole lines; threads do not mix them, and a closed reader costs lines, not the caller.

    `lost` counts lines that could not be written.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = _stdout_descriptor() if descriptor is None else descriptor
        self._lock = threading.Lock()
        self.lost = 0
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        """Replace the lock: a thread that held it does not exist in the child."""
        self._lock = threading.Lock()

    def write(self, line: bytes) -> None:
        """Write one line, its newline included."""
        with self._lock:
            try:
                self._write(line)
            except OSError:
                self.lost += 1

    def _write(self, line: bytes) -> None:
        if self._descriptor is None:
            sys.stdout.write(line.decode())
            return
        written = os.write(self._descriptor, line)
        while written < len(line):
            written += os.write(self._descriptor, line[written:])


class PrintedLines(TextIOBase):
    """A text stream, instead of stdout or stderr, whose lines are logged."""

    def __init__(self, name: str, level: str) -> None:
        super().__init__()
        self._log = getattr(structlog.get_logger(name), level)
        self._begun = threading.local()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Log the lines that are complete, and keep the rest for this thread's next write."""
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest
        for line in filter(str.strip, lines):
            self._log(line.rstrip())
        return len(text)


def _stdout_descriptor() -> int | None:
    """Return stdout's descriptor; None where stdout is no file.

    In a notebook it is none, though it has a number: that of the kernel's own output, which no
    reader of the notebook sees.
    """
    if not isinstance(sys.stdout, TextIOWrapper):
        return None
    try:
        return sys.stdout.fileno()
    except UnsupportedOperation:
        return None
