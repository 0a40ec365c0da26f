"""Checks log records against SecureNet's contract for log lines."""

import pandas as pd

from securenet_obs.probes.logs.frame import LogFrame

REQUIRED_FIELDS = (
    "timestamp",
    "level",
    "logger",
    "event",
    "service",
    "environment",
    "release",
)
"""Fields that every line of every SecureNet process carries, as text."""


def find_contract_violations(logs: LogFrame) -> pd.DataFrame:
    """Return a row [file, line, field, problem] for each field that violates the contract.

    Every required field is present, is text and is not empty; the level is debug, info, warning,
    error or critical; the timestamp is RFC 3339 in UTC with microseconds and a Z. Rejected lines
    are not included: see `logs.rejected_lines`.
    """
    texts = [name for name in REQUIRED_FIELDS if name not in ("timestamp", "level")]
    found = [logs.invalid_fields, *(_find_invalid_texts(logs.frame, name) for name in texts)]
    return (
        pd.concat(found)
        .astype({"file": "str", "field": "str", "problem": "str"})
        .sort_values(["file", "line", "field"], kind="stable", ignore_index=True)
    )


def _find_invalid_texts(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    values = frame[name].astype(object) if name in frame else pd.Series(None, frame.index, object)
    problems = pd.Series("", frame.index, dtype=object)
    problems[values.map(type) != str] = "not text"  # noqa: E721
    problems[values.isna()] = "missing"
    problems[values == ""] = "empty"
    place = frame[["file", "line"]].assign(field=name, problem=problems)
    return place[problems != ""]
