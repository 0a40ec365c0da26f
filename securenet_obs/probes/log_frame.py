"""Turns JSON-lines logs into a DataFrame, and says which lines are none and why."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from securenet_obs.probes.log_fields import (
    Cells,
    level_problems,
    levels,
    time_problems,
    timestamps,
)
from securenet_obs.probes.log_lines import Line, is_being_written, lines, log_files

TIME_FIELDS = ("timestamp", "@timestamp", "time", "ts")
"""Where a record's time is looked for; the first of these that it has counts."""

LEVEL_FIELDS = ("level", "severity", "log.level")
"""Where a record's level is looked for; the first of these that it has counts."""

MOST_FIELDS = 256
"""Fields that get a column of their own, the most frequent first; it bounds the frame's size."""

MORE = "record.more"
"""The column that holds a record's other fields, as a dict."""

OWN_COLUMNS = ("timestamp", "level", "file", "line")


@dataclass(frozen=True)
class LogFrame:
    """The lines of some log files.

    `frame` has a row for each JSON object, in the order of files and lines: `timestamp`
    (datetime64[us, UTC], NaT where it cannot be told), `level` (ordered category, debug < info <
    warning < error < critical, missing where unknown), then the record's fields (those of nested
    objects under dotted names, lists as they are), then `file` and `line`, counted from 1. A
    record's own fields of the names above are under `record.<name>` where they differ. Where the
    records have more than 256 different fields, the rarest are together under `record.more`.

    `rejected` has a row [file, line, reason] for each line that is no JSON object by RFC 8259;
    line 0 stands for a whole file. Of a line itself nothing is kept, as it may hold a secret.

    `pending` names files whose last line is still being written; that line is in neither frame.

    `odd_fields` has a row [file, line, field, problem] for each timestamp or level that is not
    written as SecureNet writes it; a time without a zone is one, and NaT in `frame`.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    pending: tuple[str, ...]
    odd_fields: pd.DataFrame = field(repr=False)

    def report(self) -> dict[str, Any]:
        """Return counts and rejected lines as plain data, for JSON."""
        return {
            "total": len(self.frame) + len(self.rejected),
            "valid": len(self.frame),
            "rejected": [
                {"file": str(file), "line": int(line), "reason": str(reason)}
                for file, line, reason in self.rejected.itertuples(index=False)
            ],
            "pending": list(self.pending),
        }


def log_frame(*sources: str | Path) -> LogFrame:
    """Read JSON-lines files, folders and globs, plain or gzip, as they are now.

    Blank lines count for nothing. A line that is no JSON object is rejected, and the next one is
    read. A last line without a line feed is taken if it is whole; if it is not, it is pending
    while the file is open for writing (known on Linux) or grows within 0.25 s, and rejected as
    cut otherwise. Duplicate keys are not noticed: the last one counts.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    table = _Table()
    rejected: list[tuple[str, int, str]] = []
    pending: list[str] = []
    for path in log_files(*sources):
        name = str(path)
        for line in lines(path):
            problem = line.problem or table.add(name, line)
            if problem and line.is_cut and is_being_written(path):
                pending.append(name)
            elif problem:
                rejected.append((name, line.number, problem))
    frame, odd_fields = table.finish()
    return LogFrame(
        frame,
        pd.DataFrame(rejected, columns=["file", "line", "reason"]).astype({"line": "int64"}),
        tuple(pending),
        odd_fields,
    )


class _Table:
    """Records by shape: those with the same keys share columns, whatever their number."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._files: list[str] = []
        self._lines: list[int] = []

    def add(self, file: str, line: Line) -> str:
        """Add the record of a line; return what is wrong with it, or nothing."""
        try:
            record = orjson.loads(line.content)
        except orjson.JSONDecodeError as error:
            return _reason(line.content, error)
        if type(record) is not dict:
            return f"not an object but {_KINDS[type(record)]}"
        if dict in map(type, record.values()):
            record = _flat(record)
        keys = tuple(record)
        shape = self._shapes.get(keys)
        if shape is None:
            shape = self._shapes[keys] = _Shape(keys)
        shape.rows.append(len(self._lines))
        for append, value in zip(shape.appends, record.values(), strict=True):
            append(value)
        self._files.append(file)
        self._lines.append(line.number)
        return ""

    def finish(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the frame, and a row [file, line, field, problem] for each odd time or level."""
        columns = self._columns()
        count = len(self._lines)
        place = pd.DataFrame({"file": self._files, "line": self._lines}).astype(
            {"file": "category", "line": "int64"}
        )
        times = timestamps(_first_of(columns, TIME_FIELDS, count))
        severities = levels(_first_of(columns, LEVEL_FIELDS, count))
        odd = {
            "timestamp": time_problems(_first_of(columns, ["timestamp"], count), times),
            "level": level_problems(_first_of(columns, ["level"], count)),
        }
        for name, problems in odd.items():
            if name in columns:
                columns[name] = pd.Series(columns[name]).where(problems.notna(), None).to_numpy()
        own = {"timestamp": times, "level": severities}
        fields = {
            f"record.{name}" if name in OWN_COLUMNS else name: pd.Series(values).infer_objects()
            for name, values in columns.items()
            if name not in odd or odd[name].notna().any()
        }
        odd_places = [
            place[found.notna()].assign(field=name, problem=found.dropna())
            for name, found in odd.items()
        ]
        frame = pd.DataFrame(own | fields | dict(place.items()))
        return frame, pd.concat(odd_places, ignore_index=True)

    def _columns(self) -> dict[str, Cells]:
        """Return a column of objects per field; rare fields of many share one column."""
        counts: Counter[str] = Counter()
        for keys, shape in self._shapes.items():
            counts.update(dict.fromkeys(keys, len(shape.rows)))
        kept = {name for name, _ in counts.most_common(MOST_FIELDS)}
        names = [name for name in counts if name in kept]
        columns = {name: np.full(len(self._lines), None, dtype=object) for name in names}
        if len(counts) > len(kept):
            columns[MORE] = np.full(len(self._lines), None, dtype=object)
        for shape in self._shapes.values():
            for name, cells in shape.columns.items():
                if name in kept:
                    columns[name][shape.rows] = np.fromiter(cells, object, len(cells))
            rare = [name for name in shape.columns if name not in kept]
            if rare:
                for position, row in enumerate(shape.rows):
                    columns[MORE][row] = {name: shape.columns[name][position] for name in rare}
        return columns


class _Shape:
    """The records that have the same keys: their rows in the frame, and a column for each key."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.rows: list[int] = []
        self.columns: dict[str, list[Any]] = {key: [] for key in keys}
        self.appends = [column.append for column in self.columns.values()]


def _first_of(columns: Mapping[str, Cells], names: Sequence[str], count: int) -> Cells:
    """Return for each row the first of the named fields that it has."""
    result = np.full(count, None, dtype=object)
    for name in names:
        if name in columns:
            result = np.where(pd.isna(result), columns[name], result)
    return result


_KINDS = {
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields, those of nested objects under dotted names; an empty object stays one."""
    flat = {}
    todo = [("", record)]
    for prefix, part in todo:
        for key, value in part.items():
            if type(value) is dict and value:
                todo.append((f"{prefix}{key}.", value))
            else:
                flat[prefix + key] = value
    return flat


def _reason(content: bytes, error: orjson.JSONDecodeError) -> str:
    """Say why a line is no JSON without quoting it; positions are counted from 1."""
    try:
        text = content.decode()
    except UnicodeDecodeError as undecodable:
        return f"invalid UTF-8 at byte {undecodable.start + 1}"
    if error.msg == "unexpected end of data":
        return f"cut line: the JSON ends at character {len(text.rstrip()) + 1}"
    constant = _constant(text)
    if constant:
        return f"{constant} is not JSON"
    return f"not JSON at character {error.pos + 1}: {error.msg}"


def _constant(text: str) -> str:
    """Return NaN, Infinity or -Infinity where one of them stands for a number."""
    found: list[str] = []
    with suppress(ValueError, RecursionError):
        json.loads(text, parse_constant=found.append)
    return found[0] if found else ""
