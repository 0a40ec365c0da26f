"""Byte stream that is the `buffer` of a printed-lines stream, to which it prints decoded text."""

import codecs
import io
from typing import Any


class PrintedBytes(io.BufferedIOBase):
    """The bytes of a stream of printed lines."""

    mode = "wb"

    def __init__(self, lines: io.TextIOBase, name: str) -> None:
        super().__init__()
        self._lines = lines
        self.name = name
        self.decode_as("utf-8", "backslashreplace")

    @property
    def raw(self) -> Any:
        """Return itself: nothing is buffered."""
        return self

    def decode_as(self, encoding: str, errors: str) -> None:
        """Decode the bytes that follow by this encoding and error handler."""
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)

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
