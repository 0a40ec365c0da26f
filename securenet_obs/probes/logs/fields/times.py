"""Parses the times of log records to one column, and finds those not in SecureNet's spelling."""

import re
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from securenet_obs.probes.logs.fields.epochs import (
    parse_epoch,
    parse_epoch_text,
    parse_floats,
    parse_integers,
)
from securenet_obs.probes.logs.fields.instants import Instants, Mask, build_time_column
from securenet_obs.probes.logs.fields.problems import ProblemCodes, Problems
from securenet_obs.probes.logs.fields.spellings import (
    SPELLING,
    describe_spelling,
    parse_time,
)
from securenet_obs.probes.logs.fields.uniform_times import parse_uniform_times

Rows: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]

_NULL = type(None)

_CHUNK = 8192
"""Rows that are parsed together, which fit into the CPU's cache."""

_MAX_SPELLINGS = 16
"""Spellings of which all times in a chunk are parsed at once; the rest are, one by one."""


class Times(NamedTuple):
    """The times, NaT where unknown, and the problem of each spelling, missing if correct."""

    times: pd.Series
    problems: Problems


def parse_times(values: Sequence[object], texts: Mapping[int, str] | None = None) -> Times:
    """Parse times in UTC: ISO 8601 with a zone, or a number since 1970, as number or text.

    Numbers are seconds, or milli-, micro- or nanoseconds if seconds would be centuries away. Any
    other value is NaT; so is a time without a zone, which is ambiguous. SecureNet itself writes
    2026-01-31T23:59:59.000000Z: RFC 3339 in UTC with microseconds and a Z.

    Args:
        values: written times; None where a record has none.
        texts: row -> digits of a float that has more of them than a float holds.
    """
    parsed = _Rows(values)
    for row, text in (texts or {}).items():
        parsed.set(row, parse_epoch_text(text))
    instants = Instants(parsed.seconds, parsed.nanoseconds, parsed.is_known)
    return Times(build_time_column(instants), parsed.build_problems())


class _Rows:
    """The rows of a column of times, parsed a kind and a spelling at a time."""

    def __init__(self, values: Sequence[Any]) -> None:
        count = len(values)
        self.seconds = np.zeros(count, dtype=np.int64)
        self.nanoseconds = np.zeros(count, dtype=np.int64)
        self.is_known = np.zeros(count, dtype=bool)
        self._codes = ProblemCodes()
        self._problems = np.full(count, self._codes.get("not text"), dtype=np.int8)
        for start in range(0, count, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, count))
            self._parse(rows, values[start : start + _CHUNK])

    def _parse(self, rows: Rows, values: Sequence[Any]) -> None:
        if set(map(type, values)) == {str}:
            self._parse_texts(rows, values)
            return
        kinds = np.fromiter(map(type, values), object, len(values))
        self._problems[rows[kinds == _NULL]] = self._codes.get("missing")
        for kind, parse in (
            (int, self._parse_integers),
            (float, self._parse_floats),
            (str, self._parse_texts),
        ):
            chosen = np.flatnonzero(kinds == kind)
            parse(rows[chosen], [values[index] for index in chosen.tolist()])

    def build_problems(self) -> Problems:
        """Return the problem of each row."""
        return self._codes.build_column(self._problems)

    def set(self, row: int, instant: tuple[int, int] | None) -> None:
        """Set one time, if it is known."""
        self.is_known[row] = instant is not None
        if instant is not None:
            self.seconds[row], self.nanoseconds[row] = instant

    def _set_all(self, rows: Rows, instants: Instants) -> None:
        self.seconds[rows], self.nanoseconds[rows], self.is_known[rows] = instants

    def _parse_integers(self, rows: Rows, values: Sequence[int]) -> None:
        try:
            self._set_all(rows, parse_integers(np.array(values, dtype=np.int64)))
        except OverflowError:
            for row, value in zip(rows.tolist(), values, strict=True):
                self.set(row, parse_epoch(value))

    def _parse_floats(self, rows: Rows, values: Sequence[float]) -> None:
        self._set_all(rows, parse_floats(np.array(values, dtype=np.float64)))

    def _parse_texts(self, rows: Rows, texts: Sequence[str]) -> None:
        for _ in range(_MAX_SPELLINGS):
            if not len(texts):
                return
            spelling = SPELLING.fullmatch(texts[0])
            if spelling is None:
                self._parse_text(rows[0], texts[0])
                rows, texts = rows[1:], texts[1:]
                continue
            is_parsed = self._parse_alike(rows, texts, spelling)
            if is_parsed.all():
                return
            rows, texts = rows[~is_parsed], list(compress(texts, ~is_parsed))
        for row, text in zip(rows.tolist(), texts, strict=True):
            self._parse_text(row, text)

    def _parse_alike(self, rows: Rows, texts: Sequence[str], spelling: re.Match[str]) -> Mask:
        """Parse the texts that are spelt as this one; return which are."""
        instants, is_alike = parse_uniform_times(texts, spelling)
        is_known = instants.is_known & (spelling["zone"] is not None)
        self._set_all(rows, instants._replace(is_known=is_known))
        self._problems[rows[is_known]] = self._codes.get(describe_spelling(spelling))
        for index in np.flatnonzero(is_alike & ~is_known).tolist():
            self._parse_text(rows[index], texts[index])
        return is_alike

    def _parse_text(self, row: int, text: str) -> None:
        instant, problem = parse_time(text)
        self._problems[row] = self._codes.get(problem)
        self.set(row, instant)
