"""Parses numbers since 1970 to times: seconds, milli-, micro- or nanoseconds; also as text."""

import math
import re
from decimal import Decimal

import numpy as np

from securenet_obs.probes.logs.fields.instants import (
    FIRST_SECOND,
    LAST_SECOND,
    Instants,
    Integers,
)

_NUMBER = re.compile(r"-?\d{9,20}(?:\.\d+)?(?:[eE]\+?\d{1,2})?|-?\d\.\d+[eE]\+?\d{1,2}", re.ASCII)
_CALENDAR = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{6}", re.ASCII)
_EXACT = 2**53

# Size from which a number has this many units in a second; 1e11 seconds are the year 5138.
_UNITS = ((10**17, 9), (10**14, 6), (10**11, 3), (0, 0))


def parse_epoch(number: Decimal | int | float) -> tuple[int, int] | None:
    """Return seconds and nanoseconds of a number since 1970; None if out of years 1 to 9999.

    The unit follows from the size: seconds, or a smaller unit if seconds would be centuries away.
    A float counts as its shortest decimal, which is the one that was written.
    """
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite() or exact.adjusted() > 20:
        return None
    digits = next(digits for least, digits in _UNITS if abs(exact) > least or not least)
    seconds, nanoseconds = divmod(math.floor(exact.scaleb(9 - digits)), 10**9)
    return (seconds, nanoseconds) if FIRST_SECOND <= seconds <= LAST_SECOND else None


def parse_epoch_text(text: str) -> tuple[int, int] | None:
    """Return seconds and nanoseconds of a number written as text, of nine digits or more.

    Fourteen digits that read as a date and time are not a number, and neither is a shorter text.
    """
    if _NUMBER.fullmatch(text) is None or _CALENDAR.fullmatch(text) is not None:
        return None
    return parse_epoch(Decimal(text))


def parse_integers(numbers: Integers) -> Instants:
    """Parse whole numbers as `parse_epoch` does."""
    seconds, nanoseconds = np.zeros_like(numbers), np.zeros_like(numbers)
    sizes = np.abs(numbers)
    rest = np.ones(len(numbers), dtype=bool)
    for least, digits in _UNITS:
        rows = rest & ((sizes > least) | (least == 0))
        seconds[rows], fractions = np.divmod(numbers[rows], 10**digits)
        nanoseconds[rows] = fractions * 10 ** (9 - digits)
        rest &= ~rows
    is_known = (seconds >= FIRST_SECOND) & (seconds <= LAST_SECOND)
    return Instants(seconds, nanoseconds, is_known)


def parse_floats(numbers: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Instants:
    """Parse floats as `parse_epoch` does; those of up to microseconds all at once."""
    sizes = np.abs(numbers)
    units = np.select([sizes > 1e17, sizes > 1e14, sizes > 1e11], [1e9, 1e6, 1e3], 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        scale = 1e6 / np.minimum(units, 1e6)
        whole = np.rint(numbers * scale)
        # A division is rounded correctly: the decimal with these digits reads as this float.
        is_exact = (np.abs(whole) < _EXACT) & (whole / scale == numbers) & (units < 1e9)
    micros = np.where(is_exact, whole, 0).astype(np.int64)
    seconds, rest = np.divmod(micros, 10**6)
    nanoseconds, is_known = rest * 1000, is_exact.copy()
    for row in np.flatnonzero(~is_exact).tolist():
        parsed = parse_epoch(float(numbers[row]))
        if parsed is not None:
            seconds[row], nanoseconds[row] = parsed
            is_known[row] = True
    is_known &= (seconds >= FIRST_SECOND) & (seconds <= LAST_SECOND)
    return Instants(seconds, nanoseconds, is_known)
