"""The second process: gathers a range of the file that is its standard input, and writes it."""

import gc
import os
import sys
from array import array
from collections.abc import Iterator

from securenet_obs.probes.logs.files.batches import Batch, Fault, Position, read_batches
from securenet_obs.probes.logs.files.compression import Stream
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.ranges.packing import pack, write_piece
from securenet_obs.probes.logs.records.decoding import decode_lines
from securenet_obs.probes.logs.records.flattening import Cells
from securenet_obs.probes.logs.records.gathering import GatheredRange, Gathering

MAX_REJECTED = 100_000
"""Number of rejected lines up to which a range is gathered."""


class UngatheredError(Exception):
    """The range has to be read by the first process."""


class RangeGathering:
    """One gathering of a range of a file."""

    def __init__(self, descriptor: int, part: ByteRange) -> None:
        self._file = _RangeFile(descriptor, part)
        self._part = part
        self._end = Position(0, part.start)
        self._gathering = Gathering()
        self._positions: array[int] = array("q")
        self._rejected: list[tuple[int, str]] = []

    def gather(self) -> GatheredRange:
        """Return the records of the range.

        Raises:
            UngatheredError: fields have no column, too many lines are rejected, the file has
                changed, or the first process has ended.
        """
        first_process = os.getppid()
        for part in self._read():
            self._add(part)
            if len(self._rejected) > MAX_REJECTED or os.getppid() != first_process:
                raise UngatheredError
        table = self._gathering.table
        if table.has_rest or self._end.bytes != self._part.end:
            raise UngatheredError
        columns = [
            Cells(name, field.rows, field.values, field.types)
            for name, field in table.fields.items()
        ]
        return GatheredRange(
            first=1,
            line_count=self._end.lines,
            positions=self._positions,
            rejected=self._rejected,
            long_times=self._gathering.long_times,
            columns=columns,
        )

    def _read(self) -> Iterator[Batch | Fault]:
        self._end = yield from read_batches(Stream(self._file, ""), start=self._end)

    def _add(self, part: Batch | Fault) -> None:
        if isinstance(part, Fault):
            self._rejected.append((part.number - 1, part.reason))
            return
        if part.is_cut:
            raise UngatheredError
        before, decoded = part.first - 1, decode_lines(part.content)
        self._gathering.add(decoded)
        self._positions.extend([before + position for position in decoded.positions])
        self._rejected.extend((before + position, reason) for position, reason in decoded.rejected)


class _RangeFile:
    """Reads a range, at places of its own: the first process reads the same open file."""

    def __init__(self, descriptor: int, part: ByteRange) -> None:
        self._descriptor = descriptor
        self._place, self._end = part

    def read1(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end of the range."""
        block = os.pread(self._descriptor, min(size, self._end - self._place), self._place)
        self._place += len(block)
        return block


def main() -> None:
    """Gather the range of the arguments, `START END MARK`; write its pieces, or exit with 1."""
    start, end, mark = sys.argv[1:]
    gc.disable()  # no cycle arises, and the search for them takes a tenth of the time
    gathered = RangeGathering(sys.stdin.fileno(), ByteRange(int(start), int(end))).gather()
    output = sys.stdout.buffer
    for piece in pack(gathered):
        write_piece(output, mark.encode(), piece)
    output.flush()
    # The values need not be freed one by one.
    os._exit(0)
