"""Finds times written with more digits than a float holds, as in 1795406706.123456789."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from securenet_obs.probes.logs.fields.names import TIME_FIELDS
from securenet_obs.probes.logs.records.decoding import Record

_FLOAT_DIGITS = 15
"""Significant decimal digits that every float holds."""


def find_long_times(records: Sequence[Record], lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yield the position and the digits of each time that is a number longer than a float."""
    for position, (record, line) in enumerate(zip(records, lines, strict=True)):
        name = next((name for name in TIME_FIELDS if record.get(name) is not None), "")
        value = record.get(name)
        if type(value) is float:
            for digits in _compile(name).findall(line):
                if len(digits) > _FLOAT_DIGITS and float(digits) == value:
                    yield position, digits.decode()
                    break


@cache
def _compile(name: str) -> re.Pattern[bytes]:
    return re.compile(rb'"%b"\s*:\s*(-?\d+\.\d+)' % re.escape(name).encode())
