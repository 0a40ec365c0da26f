"""Parses levels of log records, and finds those that are not in SecureNet's spelling."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

LEVELS = ("debug", "info", "warning", "error", "critical")
"""The levels of SecureNet's logs, least severe first."""

_LEVEL_OF: dict[object, str] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "critical": "critical",
    "trace": "debug",
    "notice": "info",
    "warn": "warning",
    "err": "error",
    "fatal": "critical",
    "crit": "critical",
    "alert": "critical",
    "emergency": "critical",
    # bunyan and pino write numbers
    10: "debug",
    20: "debug",
    30: "info",
    40: "warning",
    50: "error",
    60: "critical",
}


class Levels(NamedTuple):
    """The levels as an ordered category, and the problem of each spelling, None where correct."""

    levels: pd.Series
    problems: pd.Series


def parse_levels(values: Sequence[object]) -> Levels:
    """Parse levels from any case, abbreviations and bunyan's numbers; others are missing.

    Args:
        values: written levels; None where a record has none.
    """
    if set(map(type, values)) <= {str, type(None)}:
        codes, unique = pd.factorize(np.array(values, dtype=object), use_na_sentinel=False)
        written = unique.tolist()
    else:
        # Equal values of different types, such as 1 and true, are one to factorize.
        codes, written = np.arange(len(values)), list(values)
    parsed = [_parse_level(value) for value in written]
    known = [-1 if level is None else LEVELS.index(level) for level in parsed]
    problems = [_describe_problem(*pair) for pair in zip(written, parsed, strict=True)]
    category = pd.Categorical.from_codes(
        np.array(known, dtype=np.int8)[codes], categories=pd.Index(LEVELS), ordered=True
    )
    return Levels(
        pd.Series(category), pd.Series(np.array(problems, dtype=object)[codes], dtype=object)
    )


def _parse_level(value: object) -> str | None:
    if isinstance(value, str):
        return _LEVEL_OF.get(value.lower())
    return _LEVEL_OF.get(value) if isinstance(value, int) else None


def _describe_problem(value: object, level: str | None) -> str | None:
    if value is None or value != value:
        # factorize makes None a NaN, which does not equal itself.
        return "missing"
    if level is None:
        return "unknown level"
    return None if value == level else "not in SecureNet's spelling"
