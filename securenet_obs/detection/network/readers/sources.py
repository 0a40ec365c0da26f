"""Sources of logs: a file or standard input, by name."""

import io
import sys
from collections.abc import Iterator

from securenet_obs.detection.network.readers.blocks import Block
from securenet_obs.detection.network.readers.entries import WHOLE, Entry, Range
from securenet_obs.detection.network.readers.streams import read_stream

_BUFFER_BYTES = 64 * 1024


def read_source(name: str, part: Range = WHOLE) -> Iterator[Entry]:
    """Read the entries of a file, or of a range of a plain one; `-` is standard input.

    Raises:
        OSError: the file cannot be read.
    """
    for block in read_blocks(name, part):
        yield from block.entries()


def read_blocks(name: str, part: Range = WHOLE) -> Iterator[Block]:
    """Read a source as `read_source` does, in blocks."""
    raw = io.FileIO(sys.stdin.fileno(), closefd=False) if name == "-" else io.FileIO(name)
    with io.BufferedReader(raw, _BUFFER_BYTES) as stream:
        yield from read_stream(stream, part)
