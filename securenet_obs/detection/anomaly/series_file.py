"""Time series in CSV files: reads them, judges each row by the rows before it."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from securenet_obs.detection.anomaly.moments import parse_moment
from securenet_obs.detection.anomaly.series.detector import SeriesDetector
from securenet_obs.errors import SeriesError
from securenet_obs.suggestions import did_you_mean

_OTHER_MARKS = ";\t|"
_MISSING = {"", "nan", "null", "none", "n/a", "na"}


def judge_file(
    file: Path,
    timestamp: str = "timestamp",
    value: str = "value",
    alarms_per_week: float | None = None,
) -> list[Any]:
    """Judge each row of a CSV file by the rows before it.

    Returns:
        An object for each row, in the order of the file: `timestamp` (as in the file), `value`
        (None if the row has none), `score` (0 to 1), `anomaly`, and the `reason` of an anomaly or
        of a value that cannot be judged.

    Raises:
        SeriesError: the file is not such a CSV; the message names the line and the column.
    """
    detector = SeriesDetector(alarms_per_week=alarms_per_week)
    points = []
    for written, moment_s, number in _rows(file, timestamp, value):
        judgement = detector.judge(moment_s, number)
        points.append({"timestamp": written, "value": number, **judgement.as_json()})
    return points


def _rows(file: Path, timestamp: str, value: str) -> Iterator[tuple[str, float, float | None]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            for column in (timestamp, value):
                _require(column, reader.fieldnames or (), file)
            for row in reader:
                place = f"{file}, line {reader.line_num}"
                if None in row:
                    raise SeriesError(f"{place}: it has more fields than the header has columns")
                written = row[timestamp] or ""
                yield (
                    written,
                    _moment_s(written, place, timestamp),
                    _number(row[value], place, value),
                )
    except (UnicodeDecodeError, csv.Error) as error:
        raise SeriesError(f"{file} is not a CSV file in UTF-8: {error}") from error


def _require(column: str, columns: Any, file: Path) -> None:
    if column not in columns:
        known = ", ".join(columns) or "none"
        separated = len(columns) == 1 and any(mark in columns[0] for mark in _OTHER_MARKS)
        hint = " Separate columns by commas." if separated else did_you_mean(column, columns)
        raise SeriesError(f"{file} has no column {column!r}; its columns are: {known}.{hint}")


def _moment_s(written: str, place: str, column: str) -> float:
    try:
        return parse_moment(written).timestamp()
    except ValueError as error:
        raise SeriesError(f"{place}, column {column}: {error}") from error


def _number(written: str | None, place: str, column: str) -> float | None:
    text = (written or "").strip()
    if text.lower() in _MISSING:
        return None
    try:
        number = float(text)
    except ValueError as error:
        raise SeriesError(f"{place}, column {column}: {text!r} is not a number") from error
    return number if math.isfinite(number) else None
