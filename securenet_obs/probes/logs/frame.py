"""Reads JSON-lines logs into a DataFrame; lists rejected lines, invalid fields, skipped files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from securenet_obs.probes.logs.fields.instants import Integers
from securenet_obs.probes.logs.fields.levels import parse_levels
from securenet_obs.probes.logs.fields.names import LEVEL_FIELDS, TIME_FIELDS
from securenet_obs.probes.logs.fields.problems import Problems
from securenet_obs.probes.logs.fields.times import parse_times
from securenet_obs.probes.logs.lines import DecodedPart, LineReading, build_report
from securenet_obs.probes.logs.ranges.reading import RangeReader
from securenet_obs.probes.logs.records.columns import build_column, build_rest, select_rows
from securenet_obs.probes.logs.records.gathering import GatheredRange, Gathering

REST_COLUMN = "record.more"
"""Column that holds a record's fields without a column of their own, as a dict."""

OWN_COLUMNS = ("timestamp", "level", "file", "line")


@dataclass(frozen=True)
class LogFrame:
    """Parsed lines of log files.

    `frame` has a row for each JSON object, in the order of files and lines: `timestamp` (NaT where
    unknown), `level` (ordered category, debug < info < warning < error < critical, missing where
    unknown), then the record's fields (those of nested objects under dotted names, lists
    unchanged), then `file` and `line`, counted from 1.

    `timestamp` is datetime64[us, UTC]; it is datetime64[ns, UTC] if a time is written to less than
    a microsecond, and objects of `pd.Timestamp` if there is also one outside of 1678 to 2261.

    No value is altered. A column is of integers, floats, booleans or text if all values of the
    field are; otherwise it is of objects, so that 1, 1.0, true and "1" stay different. In a column
    of objects null is None and an absent field NaN; in others both are missing, and a field with
    both has a column of objects. A float is the nearest one to the number that is written.

    A record's own fields named as our columns are under `record.<name>` if their values differ.
    Fields that have no column share `record.more`: the rarest if the records have more than 256
    different ones, or far more than they have values; those whose column's name is taken. An object
    stays a dict if its fields' dotted names are too long: 16 KiB in a record.

    `rejected_lines` has a row [file, line, reason] for each line that is not a JSON object by RFC
    8259; line 0 stands for a whole file. The content of the line is not kept: it may hold a secret.
    After the first 100,000 such lines the others are only in `rejected_count`.

    `pending_files` names the files with an unfinished last line, which is in neither frame.

    `skipped_files` has a row [file, reason] for each file or folder of a source that is not read.

    `invalid_fields` has a row [file, line, field, problem] for each timestamp or level that is not
    in SecureNet's format; this includes a time without a zone, which is NaT in `frame`.
    """

    frame: pd.DataFrame
    rejected_lines: pd.DataFrame
    rejected_count: int
    pending_files: tuple[str, ...]
    skipped_files: pd.DataFrame
    invalid_fields: pd.DataFrame = field(repr=False)

    def report(self) -> dict[str, Any]:
        """Return counts, rejected lines and skipped files as plain data, for JSON."""
        return build_report(
            len(self.frame),
            self.rejected_count,
            self.rejected_lines.itertuples(index=False),
            self.pending_files,
            self.skipped_files.itertuples(index=False),
        )


def log_frame(*sources: str | Path) -> LogFrame:
    """Read JSON-lines files, folders and globs as they are now; `-` is standard input.

    Files are plain, or compressed by gzip, bzip2, xz or zstd. The rotations of a log are read
    before it, oldest first, also if the log is rotated meanwhile.

    Blank lines are ignored. A line that is not a JSON object is rejected, and reading continues. A
    last line without a line feed is accepted if it is complete; if not, it is pending while the
    file is open for writing (detected on Linux) or grows within 0.25 s, and rejected as cut
    otherwise. Duplicate keys are not detected: the last one counts.

    Of a plain file of 32 MiB and more a second process reads a part, if this one may use two
    processors. It ends with this call; if it fails, its part is read here.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source does not exist, or holds no log file.
    """
    builder = _FrameBuilder()
    with RangeReader() as ranges:
        reading = LineReading(*sources, read_plain=ranges.read)
        for part in reading.read():
            builder.add(part)
    frame, invalid_fields = builder.finish()
    rejected = reading.rejected
    columns = {
        "file": _build_categories(rejected.files, rejected.names),
        "line": np.array(rejected.numbers, dtype=np.int64),
        "reason": _build_categories(rejected.reasons, rejected.texts),
    }
    return LogFrame(
        frame,
        pd.DataFrame(columns, copy=False),
        rejected.count,
        tuple(reading.pending),
        pd.DataFrame(reading.skipped, columns=["file", "reason"]),
        invalid_fields,
    )


class _FrameBuilder:
    """Gathers the records of all batches, and the place and the exact time of each."""

    def __init__(self) -> None:
        self._gathering = Gathering()
        self._table = self._gathering.table
        self._files: list[str] = []
        self._lines: list[Integers] = []

    def add(self, part: DecodedPart) -> None:
        """Append records."""
        if isinstance(part.records, GatheredRange):
            self._gathering.add_range(part.records)
        else:
            self._gathering.add(part.records)
        self._files.append(part.file)
        self._lines.append(_number_lines(part.first, part.positions))

    def finish(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the frame, and a row [file, line, field, problem] for each odd time or level."""
        table, place = self._table, self._build_place()
        times = parse_times(self._spread(TIME_FIELDS), self._gathering.long_times)
        levels = parse_levels(self._spread(LEVEL_FIELDS))
        problems = {"timestamp": times.problems, "level": levels.problems}
        if self._is_other("timestamp", TIME_FIELDS):
            problems["timestamp"] = parse_times(self._spread(["timestamp"])).problems
        if self._is_other("level", LEVEL_FIELDS):
            problems["level"] = parse_levels(self._spread(["level"])).problems
        for name in OWN_COLUMNS:
            self._rename(name, problems.get(name))
        columns: dict[str, Any] = {"timestamp": times.times, "level": levels.levels}
        fields = table.take_fields(reserved=[REST_COLUMN])
        columns |= {name: build_column(fields.pop(name), table.count) for name in list(fields)}
        rest = table.take_rest()
        if rest:
            columns[REST_COLUMN] = build_rest(rest, table.count)
        frame = pd.DataFrame(columns | place, copy=False)
        return frame, _tabulate_problems(place, problems)

    def _build_place(self) -> dict[str, Any]:
        code_of = {name: code for code, name in enumerate(dict.fromkeys(self._files))}
        codes = np.repeat([code_of[name] for name in self._files], list(map(len, self._lines)))
        return {
            "file": _build_categories(codes, list(code_of)),
            "line": np.concatenate([np.zeros(0, np.int64), *self._lines]),
        }

    def _spread(self, names: Sequence[str]) -> Sequence[Any]:
        """Return for each row the first of the named fields that is not null; None without one."""
        fields = [self._table.fields[name] for name in names if name in self._table.fields]
        if fields and fields[0].is_everywhere(self._table.count):
            return fields[0].values
        values: list[Any] = [None] * self._table.count
        for one in reversed(fields):
            for row, value in zip(one.rows, one.values, strict=True):
                if value is not None:
                    values[row] = value
        return values

    def _is_other(self, name: str, names: Sequence[str]) -> bool:
        """Return whether a row may have its value from another of the named fields."""
        field = self._table.fields.get(name)
        if field is not None and field.is_everywhere(self._table.count):
            return False
        return any(other in self._table.fields for other in names if other != name)

    def _rename(self, name: str, problems: "Problems | None") -> None:
        """Free the name of a column of ours; keep the record's own values that differ from ours."""
        fields = self._table.fields
        field, other = fields.pop(name, None), f"record.{name}"
        if field is not None and problems is not None:
            field = select_rows(field, problems.notna())
        if field is None or not field.values:
            return
        if other not in fields:
            fields[other] = field
        else:
            for row, value in zip(field.rows, field.values, strict=True):
                self._table.keep_apart(row, name, value)


def _number_lines(first: int, positions: Sequence[int]) -> Integers:
    if isinstance(positions, range):
        return np.arange(first, first + len(positions))
    return np.array(positions, dtype=np.int64) + first


def _build_categories(codes: Any, categories: list[str]) -> Any:
    index = pd.Index(pd.array(categories, dtype="str"))
    return pd.Categorical.from_codes(np.array(codes, dtype=np.int64), categories=index)


def _tabulate_problems(place: dict[str, Any], problems: dict[str, Problems]) -> pd.DataFrame:
    odd = {name: np.flatnonzero(found.notna()) for name, found in problems.items()}
    rows = np.concatenate(list(odd.values()))
    fields = np.repeat(np.arange(len(odd)), [len(found) for found in odd.values()])
    columns = {
        **{name: values[rows] for name, values in place.items()},
        "field": pd.Categorical.from_codes(fields, categories=pd.Index(list(odd))),
        "problem": union_categoricals(
            [found[odd[name]].remove_unused_categories() for name, found in problems.items()]
        ),
    }
    return pd.DataFrame(columns, copy=False)
