"""Reads JSON-lines logs into a DataFrame; lists rejected lines, invalid fields, pending files."""

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

from securenet_obs.probes.logs.fields import (
    Cells,
    find_level_problems,
    find_time_problems,
    parse_levels,
    parse_timestamps,
)
from securenet_obs.probes.logs.lines import Line, find_log_files, is_being_written, read_lines

TIME_FIELDS = ("timestamp", "@timestamp", "time", "ts")
"""Fields that may hold a record's time; the first one present counts."""

LEVEL_FIELDS = ("level", "severity", "log.level")
"""Fields that may hold a record's level; the first one present counts."""

MAX_FIELDS = 256
"""Maximum number of field columns, the most frequent fields first; bounds the frame's size."""

OVERFLOW_COLUMN = "record.more"
"""Column that holds a record's remaining fields, as a dict."""

OWN_COLUMNS = ("timestamp", "level", "file", "line")


@dataclass(frozen=True)
class LogFrame:
    """Parsed lines of log files.

    `frame` has a row for each JSON object, in the order of files and lines: `timestamp`
    (datetime64[us, UTC], NaT where unknown), `level` (ordered category, debug < info < warning <
    error < critical, missing where unknown), then the record's fields (those of nested objects
    under dotted names, lists unchanged), then `file` and `line`, counted from 1. A record's own
    fields with these names are under `record.<name>` if their values differ. If the records have
    more than 256 different fields, the rarest share the column `record.more`.

    `rejected_lines` has a row [file, line, reason] for each line that is not a JSON object by RFC
    8259; line 0 stands for a whole file. The content of the line is not kept: it may hold a secret.

    `pending_files` names the files with an unfinished last line, which is in neither frame.

    `invalid_fields` has a row [file, line, field, problem] for each timestamp or level that is not
    in SecureNet's format; this includes a time without a zone, which is NaT in `frame`.
    """

    frame: pd.DataFrame
    rejected_lines: pd.DataFrame
    pending_files: tuple[str, ...]
    invalid_fields: pd.DataFrame = field(repr=False)

    def report(self) -> dict[str, Any]:
        """Return counts and rejected lines as plain data, for JSON."""
        return {
            "total": len(self.frame) + len(self.rejected_lines),
            "valid": len(self.frame),
            "rejected": [
                {"file": str(file), "line": int(line), "reason": str(reason)}
                for file, line, reason in self.rejected_lines.itertuples(index=False)
            ],
            "pending": list(self.pending_files),
        }


def log_frame(*sources: str | Path) -> LogFrame:
    """Read JSON-lines files, folders and globs, plain or gzip, as they are now.

    Blank lines are ignored. A line that is not a JSON object is rejected, and reading continues. A
    last line without a line feed is accepted if it is complete; if not, it is pending while the
    file is open for writing (detected on Linux) or grows within 0.25 s, and rejected as cut
    otherwise. Duplicate keys are not detected: the last one counts.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    table = _Table()
    rejected_lines: list[tuple[str, int, str]] = []
    pending_files: list[str] = []
    for path in find_log_files(*sources):
        name = str(path)
        for line in read_lines(path):
            problem = line.problem or table.add(name, line)
            if problem and line.is_cut and is_being_written(path):
                pending_files.append(name)
            elif problem:
                rejected_lines.append((name, line.number, problem))
    frame, invalid_fields = table.finish()
    return LogFrame(
        frame,
        pd.DataFrame(rejected_lines, columns=["file", "line", "reason"]).astype({"line": "int64"}),
        tuple(pending_files),
        invalid_fields,
    )


class _Table:
    """Records grouped by shape: those with the same keys share columns."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._files: list[str] = []
        self._lines: list[int] = []

    def add(self, file: str, line: Line) -> str:
        """Add the record of a line; return the reason for its rejection, or an empty string."""
        try:
            record = orjson.loads(line.content)
        except orjson.JSONDecodeError as error:
            return _explain_rejection(line.content, error)
        if type(record) is not dict:
            return f"{_KINDS[type(record)]} instead of an object"
        if dict in map(type, record.values()):
            record = _flatten(record)
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
        columns = self._build_columns()
        count = len(self._lines)
        place = pd.DataFrame({"file": self._files, "line": self._lines}).astype(
            {"file": "category", "line": "int64"}
        )
        times = parse_timestamps(_select_first(columns, TIME_FIELDS, count))
        severities = parse_levels(_select_first(columns, LEVEL_FIELDS, count))
        odd = {
            "timestamp": find_time_problems(_select_first(columns, ["timestamp"], count), times),
            "level": find_level_problems(_select_first(columns, ["level"], count)),
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

    def _build_columns(self) -> dict[str, Cells]:
        """Return a column of objects per field; beyond `MAX_FIELDS` the rarest share one."""
        counts: Counter[str] = Counter()
        for keys, shape in self._shapes.items():
            counts.update(dict.fromkeys(keys, len(shape.rows)))
        kept = {name for name, _ in counts.most_common(MAX_FIELDS)}
        names = [name for name in counts if name in kept]
        columns = {name: np.full(len(self._lines), None, dtype=object) for name in names}
        if len(counts) > len(kept):
            columns[OVERFLOW_COLUMN] = np.full(len(self._lines), None, dtype=object)
        for shape in self._shapes.values():
            for name, cells in shape.columns.items():
                if name in kept:
                    columns[name][shape.rows] = np.fromiter(cells, object, len(cells))
            rare = [name for name in shape.columns if name not in kept]
            if rare:
                for position, row in enumerate(shape.rows):
                    columns[OVERFLOW_COLUMN][row] = {
                        name: shape.columns[name][position] for name in rare
                    }
        return columns


class _Shape:
    """The records that have the same keys: their rows in the frame, and a column for each key."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.rows: list[int] = []
        self.columns: dict[str, list[Any]] = {key: [] for key in keys}
        self.appends = [column.append for column in self.columns.values()]


def _select_first(columns: Mapping[str, Cells], names: Sequence[str], count: int) -> Cells:
    """Return for each row the first of the named fields that is present."""
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


def _flatten(record: dict[str, Any]) -> dict[str, Any]:
    """Flatten nested objects to dotted field names; an empty object is kept."""
    flat = {}
    todo = [("", record)]
    for prefix, part in todo:
        for key, value in part.items():
            if type(value) is dict and value:
                todo.append((f"{prefix}{key}.", value))
            else:
                flat[prefix + key] = value
    return flat


def _explain_rejection(content: bytes, error: orjson.JSONDecodeError) -> str:
    """Return the reason why a line is not JSON, without quoting it; positions count from 1."""
    try:
        text = content.decode()
    except UnicodeDecodeError as undecodable:
        return f"invalid UTF-8 at byte {undecodable.start + 1}"
    if error.msg == "unexpected end of data":
        return f"truncated line: the JSON ends at character {len(text.rstrip()) + 1}"
    constant = _find_constant(text)
    if constant:
        return f"{constant} is not valid JSON"
    return f"invalid JSON at character {error.pos + 1}: {error.msg}"


def _find_constant(text: str) -> str:
    """Return NaN, Infinity or -Infinity where one of them stands for a number."""
    found: list[str] = []
    with suppress(ValueError, RecursionError):
        json.loads(text, parse_constant=found.append)
    return found[0] if found else ""
