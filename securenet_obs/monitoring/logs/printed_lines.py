"""Text stream that replaces stdout or stderr in a service and logs the lines printed to it."""

import threading
from io import TextIOBase

import structlog


class PrintedLines(TextIOBase):
    """A text stream that replaces stdout or stderr and logs its lines."""

    def __init__(self, name: str, level: str) -> None:
        super().__init__()
        self._log = getattr(structlog.get_logger(name), level)
        self._partial = threading.local()

    def writable(self) -> bool:
        """Return True: the stream is writable."""
        return True

    def write(self, text: str) -> int:
        """Log complete lines, and keep the rest for this thread's next write."""
        *lines, rest = (getattr(self._partial, "text", "") + text).split("\n")
        self._partial.text = rest
        for line in filter(str.strip, lines):
            self._log(line.rstrip())
        return len(text)
