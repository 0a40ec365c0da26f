"""Parses levels of log records, and finds those that are not in SecureNet's spelling."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from securenet_obs.probes.logs.fields.problems import ProblemCodes, Problems

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
    """The levels as an ordered category, and the problem of each spelling, missing if correct."""

    levels: pd.Series
    problems: Problems


def parse_levels(values: Sequence[object]) -> Levels:
    """Parse levels from any case, abbreviations and bunyan's numbers; others are missing.

    Args:
        values: written levels; None where a record has none.
    """
    numbers, written = _number_values(values)
    parsed = [_parse_level(value) for value in written]
    known = [-1 if level is None else LEVELS.index(level) for level in parsed]
    codes = ProblemCodes()
    problems = codes.get_all(map(_describe_problem, written, parsed))
    category = pd.Categorical.from_codes(
        np.array(known, dtype=np.int8)[numbers], categories=pd.Index(LEVELS), ordered=True
    )
    return Levels(pd.Series(category), codes.build_column(problems[numbers]))


def _number_values(values: Sequence[object]) -> tuple[Any, list[object]]:
    """Return the index of each value, and the values that these are indexes of."""
    if set(map(type, values)) <= {str, type(None)}:
        written = list(set(values))
        if len(written) < len(values):
            index_of = {value: index for index, value in enumerate(written)}
            # itemgetter returns no tuple for one value; two or more are left here.
            return np.fromiter(itemgetter(*values)(index_of), np.int64, len(values)), written
    # Equal values of different types, such as 1 and true, are one to a dict.
    return np.arange(len(values)), list(values)


def _parse_level(value: object) -> str | None:
    if isinstance(value, str):
        return _LEVEL_OF.get(value.lower())
    return _LEVEL_OF.get(value) if isinstance(value, int) else None


def _describe_problem(value: object, level: str | None) -> str | None:
    if value is None:
        return "missing"
    if level is None:
        return "unknown level"
    return None if value == level else "not in SecureNet's spelling"
