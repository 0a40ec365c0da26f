"""Opens stdout as a sink of lines: descriptor 1, or a stream in its place that logs no prints.

In a notebook, in a test, or within `redirect_stdout`, sys.stdout is not the process's own. The
lines then follow sys.stdout, but never to a stream that prints to this log: that would not end.
"""

import io
import sys
import threading
from typing import Any

from securenet_obs.monitoring.logs.output.printed_lines import PrintedLines
from securenet_obs.monitoring.logs.output.sink import Sink
from securenet_obs.monitoring.logs.output.sinks import sink_of


class StdoutSink:
    """The stream that sys.stdout is at the moment, behind the stream that logs prints."""

    descriptor = -1

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._stream = replaced_stream(getattr(sys, "stdout", None))
        self._current: Any = None
        self._refused: Any = None
        self._file: tuple[Any, Sink] | None = None

    def write(self, line: bytes, wait_s: float) -> None:
        """Write a line to the current stream.

        Raises:
            Exception: any, since a stream is foreign code; there may be no stream at all.
        """
        stream = self._find()
        self._current = stream
        self._write(stream, line, wait_s)
        if stream is self._refused:  # the line came back as a print
            self._write(self._find(), line, wait_s)
            return
        self._stream = stream

    def refuse_current(self) -> None:
        """Never write to the current stream again: it prints its text to this log."""
        self._refused = self._current

    def _write(self, stream: Any, line: bytes, wait_s: float) -> None:
        descriptor = _file_descriptor(stream)
        if descriptor is None:
            _write_text(stream, line.decode())
            return
        if self._file is None or self._file[0] is not stream:
            self._file = stream, sink_of(descriptor)
        _flush(stream)
        self._file[1].write(line, wait_s)

    def _find(self) -> Any:
        """Return the current stream if it can be used, else the last or the process's own."""
        now = replaced_stream(getattr(sys, "stdout", None))
        for stream in (now, self._stream, replaced_stream(sys.__stdout__)):
            if stream is not None and stream is not self._refused and not _is_closed(stream):
                return stream
        raise OSError("there is no stdout")


def open_stdout() -> "Sink | StdoutSink":
    """Return the sink of stdout: its descriptor if that is the process's own, else its stream."""
    stream = replaced_stream(getattr(sys, "stdout", None))
    descriptor = _file_descriptor(stream)
    if descriptor != 1:
        return StdoutSink()
    _flush(stream)
    sink = sink_of(descriptor)
    sink.stream = stream
    return sink


def replaced_stream(stream: Any) -> Any:
    """Return the stream behind those that log prints, None if there is none."""
    while type(stream) is PrintedLines:
        stream = stream.replaced
    return stream


def _file_descriptor(stream: Any) -> int | None:
    """Return the descriptor of an ordinary text file, None of any other stream.

    A notebook's stream has a descriptor, too: that of the kernel's own output, which a reader of
    the notebook does not see; and a compressed file has that of its compressed bytes.
    """
    if type(stream) is not io.TextIOWrapper or _is_closed(stream):
        return None
    try:
        raw = getattr(stream.buffer, "raw", stream.buffer)
        return raw.fileno() if type(raw) is io.FileIO else None
    except (OSError, ValueError):
        return None


def _write_text(stream: Any, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:
        # JSON has other characters than ASCII only in its strings, where they may be escaped.
        stream.write(_ascii(text))
    _flush(stream)


def _ascii(text: str) -> str:
    escaped = text.encode("utf-16-be", "surrogatepass")
    units = (escaped[at : at + 2] for at in range(0, len(escaped), 2))
    return "".join(chr(unit[1]) if unit < b"\0\x80" else f"\\u{unit.hex()}" for unit in units)


def _flush(stream: Any) -> None:
    """Flush a stream; if it raises, its text may be written later."""
    try:
        stream.flush()
    except Exception:  # noqa: BLE001 a stream is foreign code
        return


def _is_closed(stream: Any) -> bool:
    try:
        return bool(getattr(stream, "closed", False))
    except Exception:  # noqa: BLE001 a stream is foreign code
        return False
