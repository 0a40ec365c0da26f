"""Packs gathered records to bytes for another process, and unpacks them."""

import marshal
import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from securenet_obs.probes.logs.records.flattening import Cells
from securenet_obs.probes.logs.records.gathering import GatheredRange

HEAD = struct.Struct("16sQ")
"""Precedes a piece: a mark of the two processes, and the length of the piece in bytes."""

_TYPES = {kind.__name__: kind for kind in (str, int, float, bool, type(None), list, dict)}


def pack(part: GatheredRange) -> Iterator[bytes]:
    """Yield a range in pieces: the number of columns with all that is not a column, then each.

    Raises:
        ValueError: a value is nested too deeply.
    """
    positions = array("q", part.positions).tobytes()
    head = (len(part.columns), part.line_count, positions, part.rejected, part.long_times)
    yield marshal.dumps(head)
    for column in part.columns:
        rows = None if isinstance(column.rows, range) else array("q", column.rows).tobytes()
        types = [kind.__name__ for kind in column.types]
        # marshal writes an object once: texts that are shared here are shared there.
        yield marshal.dumps((column.name, rows, types, *_pack_values(column.values)))


def write_piece(output: BinaryIO, mark: bytes, piece: bytes) -> None:
    """Write a piece with its head."""
    output.write(HEAD.pack(mark, len(piece)))
    output.write(piece)


def unpack(pieces: Iterator[bytearray]) -> GatheredRange:
    """Return the range that was packed; its first line has the number 1.

    Raises:
        EOFError, TypeError, ValueError: the pieces are not those of a range.
    """
    count, line_count, positions, rejected, long_times = _load(next(pieces))
    columns = [_unpack_column(next(pieces)) for _ in range(count)]
    return GatheredRange(
        1, line_count, _unpack_array("q", positions), rejected, long_times, columns
    )


def _load(piece: bytearray) -> Any:
    return marshal.loads(piece)  # noqa: S302 -- of a process that this one has started


def _unpack_column(piece: bytearray) -> Cells:
    name, rows, types, code, packed = _load(piece)
    values = _unpack_array(code, packed) if code else packed
    given = range(len(values)) if rows is None else _unpack_array("q", rows)
    return Cells(name, given, values, {_TYPES[kind] for kind in types})


def _pack_values(values: Sequence[Any]) -> tuple[str, Any]:
    """Return the code and the bytes of an array of numbers, or "" and the values."""
    return (values.typecode, values.tobytes()) if isinstance(values, array) else ("", values)


def _unpack_array(code: str, packed: bytes) -> "array[Any]":
    numbers: array[Any] = array(code)
    numbers.frombytes(packed)
    return numbers
