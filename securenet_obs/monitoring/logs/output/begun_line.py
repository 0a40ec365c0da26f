"""Buffer of a printed line that has not ended: pieces, length, and whether its thread is alive."""

import threading
import weakref

MAX_LINE_CHARACTERS = 64 * 1024
"""Characters of a line that is kept until its end; a longer line is logged in parts."""


class BegunLine:
    """The pieces of a line that a thread has begun."""

    def __init__(self) -> None:
        self._thread = weakref.ref(threading.current_thread())
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
    def is_empty(self) -> bool:
        """Whether the line has no text."""
        return not self._pieces

    @property
    def is_long(self) -> bool:
        """Whether the line has reached the length at which it is logged in parts."""
        return self._length >= MAX_LINE_CHARACTERS

    @property
    def has_thread(self) -> bool:
        """Whether the thread of the line is still running."""
        thread = self._thread()
        return thread is not None and thread.is_alive()
