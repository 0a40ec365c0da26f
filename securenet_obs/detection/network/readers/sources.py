"""Sources of logs: a file or standard input, by name."""

import io
import sys
from collections.abc import Iterator

from securenet_obs.detection.network.readers.entries import WHOLE, Entry, Range
from securenet_obs.detection.network.readers.streams import read_stream

_BUFFER_BYTES = 64 * 1024


def read_source(name: str, part: Range = WHOLE) -> Iterator[Entry]:
    """Read a file, or a range of a plain one; `-` is standard input.

    Raises:
        OSError: the file cannot be read.
    """
    raw = io.FileIO(sys.stdin.fileno(), closefd=False) if name == "-" else io.FileIO(name)
    with io.BufferedReader(raw, _BUFFER_BYTES) as stream:
        yield from read_stream(stream, part)
