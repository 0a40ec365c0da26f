"""Logs that do not parse: finds the processes and releases at fault, decides, verifies."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.quarantine import count_items, replay_quarantine
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.probes.logs.check import check_lines
from securenet_obs.probes.logs.contract import REQUIRED_FIELDS
from securenet_obs.probes.logs.newest import NewestLines, read_newest_lines
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings

ENOUGH_LINES = 3
"""Number of records after the last rejected line that prove the format of a process."""

_LISTED = 20


class LogsDoNotParse:
    """The symptom of every live log of a target, judged by its newest lines.

    Every method raises NotFoundError if the source holds no log, and StoreUnavailableError if it
    needs a store that does not answer.

    Args:
        settings: those of the target.
        source: file, folder or glob that the alert named; LOG_SOURCE by default.
        newest: number of lines of each log by which its process is judged.
        deadline_s: seconds to wait for new lines after an action.
    """

    def __init__(
        self, settings: Settings, source: str = "", *, newest: int = 20, deadline_s: float = 20.0
    ) -> None:
        self._settings = settings
        self._source = source or settings.log_source
        self._newest = newest
        self._deadline_s = deadline_s
        self._logs: list[NewestLines] = []

    def look(self) -> pd.DataFrame:
        """Read the newest lines of each log.

        Returns:
            A row for each log: `file`, `service`, `newest` lines, `rejected` ones, `format`.
        """
        self._logs = self._read()
        rows = [
            (Path(log.file).name, log.service, len(log.lines), log.rejected, _describe_format(log))
            for log in self._logs
        ]
        return pd.DataFrame(rows, columns=["file", "service", "newest", "rejected", "format"])

    def missing_fields(self) -> pd.DataFrame:
        """Return the required fields that the newest records lack.

        Returns:
            A row for each: `service`, `release`, `field`, number of `lines`.
        """
        rows = [(*key, count) for key, count in sorted(self._count_missing(self._logs).items())]
        return pd.DataFrame(rows, columns=["service", "release", "field", "lines"])

    def history(self) -> pd.DataFrame:
        """Count the rejected lines of the whole logs and their rotations.

        Returns:
            A row for each file and reason, the most frequent 20: `file`, `reason`, number of
            `lines`, number of the `first` and the `last` line.
        """
        rows = check_lines(self._source)["rejected"]
        frame = pd.DataFrame(rows, columns=["file", "line", "reason"])
        frame["file"] = frame["file"].map(lambda name: Path(name).name)
        counted = frame.groupby(["file", "reason"])["line"].agg(["count", "min", "max"])
        named = counted.set_axis(["lines", "first", "last"], axis="columns").reset_index()
        return named.sort_values("lines", ascending=False, ignore_index=True).head(_LISTED)

    def decide(self) -> list[Row]:
        """Return the decision table; `look` comes first."""
        return [
            *map(self._decide_on, self._logs),
            *self._decide_on_fields(),
            self._decide_on_quarantine(),
        ]

    def _decide_on(self, log: NewestLines) -> Row:
        name = Path(log.file).name
        applies = log.is_console or log.foreign > 0
        share = f"{log.rejected} of its newest {len(log.lines)} lines are rejected"
        why = f"{share}; it writes {_describe_format(log)}"
        step = self._find_step(log) if applies else None
        return Row(f"{log.service} writes lines that are not JSON to {name}", applies, why, step)

    def _find_step(self, log: NewestLines) -> Step:
        if not log.is_console:
            return Manual(
                f"find the program that writes into {Path(log.file).name} and redirect its output",
                f"securenet-obs logs check {shlex.quote(log.file)}",
            )
        return named_action(
            self._settings,
            "restore_log_format",
            f"restart {log.service} with LOG_FORMAT=json",
            lambda: {log.service: self._read_format(log.file)},
            service=log.service,
        )

    def _decide_on_fields(self) -> Iterator[Row]:
        """Yield a row for each service and release that omits fields; else one row."""
        missing = self._count_missing(self._logs)
        for service, release in sorted({(service, release) for service, release, _ in missing}):
            fields = sorted(key[2] for key in missing if key[:2] == (service, release))
            yield Row(
                f"{service} of release {release} omits required fields",
                True,
                f"missing in its newest lines: {', '.join(fields)}",
                self._roll_back(service, release),
            )
        if not missing:
            count = len(REQUIRED_FIELDS)
            yield Row("required fields are missing", False, f"all {count} are in all records")

    def _roll_back(self, service: str, release: str) -> Step:
        return named_action(
            self._settings,
            "roll_back",
            f"roll back {service} from {release}",
            lambda: {service: release},
            service=service,
            release=release,
        )

    def _decide_on_quarantine(self) -> Row:
        waiting, records = count_items()
        return Row(
            "items in quarantine are records now",
            records > 0,
            f"{waiting} items wait, {records} of batches would be records now",
            replay_quarantine(records),
        )

    def verify_format(self) -> Finding:
        """Verify that each log continues in JSON.

        It is read until each has `ENOUGH_LINES` records after its last rejected line.
        """
        logs = poll_until(
            self._read, lambda logs: all(map(_is_mended, logs)), deadline_s=self._deadline_s
        )
        before = sum(log.rejected for log in self._logs)
        after = "; ".join(f"{Path(log.file).name} {log.valid_since}" for log in logs)
        return Finding(
            all(map(_is_mended, logs)),
            f"no rejected line, or at least {ENOUGH_LINES} records after the last one",
            f"before: {before} rejected lines; now records after the last one: {after}",
        )

    def verify_fields(self) -> Finding:
        """Verify that the newest records have all required fields."""
        logs = self._read()
        missing = self._count_missing(logs)
        observed = ", ".join(f"{field} of {service}" for service, _, field in sorted(missing))
        return Finding(not missing, "all required fields", observed or "all")

    def verify_quarantine(self) -> Finding:
        """Verify that no item waits in quarantine that is a record now."""
        waiting, records = count_items()
        return Finding(records == 0, "none is a record now", f"{waiting} wait, {records} are")

    def _read(self) -> list[NewestLines]:
        return read_newest_lines(self._source, self._newest)

    def _read_format(self, file: str) -> str:
        return next((_describe_format(log) for log in self._read() if log.file == file), "no log")

    @staticmethod
    def _count_missing(logs: Sequence[NewestLines]) -> Counter[tuple[str, str, str]]:
        records = [(log.service, row) for log in logs for row in log.records if row is not None]
        return Counter(
            (service, str(row.get("release") or "unknown"), field)
            for service, row in records
            for field in REQUIRED_FIELDS
            if not _is_text(row.get(field))
        )


def _is_mended(log: NewestLines) -> bool:
    return log.rejected == 0 or log.valid_since >= ENOUGH_LINES


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _describe_format(log: NewestLines) -> str:
    """Return the format that a process writes now, in words."""
    if log.is_console:
        return "LOG_FORMAT=console"
    return "JSON and lines of another program" if log.foreign else "JSON"
