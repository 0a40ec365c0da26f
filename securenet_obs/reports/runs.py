"""A run as reports know it: a short record, read from a command's run.json, kept in a cache."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from securenet_obs.reports.conditions import digest_conditions
from securenet_obs.runner.comparison.target_name import name_target

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
"""Names that may become part of a path; `run.json` may come from another machine."""

_DURATION = re.compile(r"(?:(?P<name>[^:,]{1,80}): )?(?P<value>\d+(?:\.\d+)?) s(?: ago)?")

MAX_REASON = 300
"""Characters of a reason that are kept; the page of the run has it whole."""

JUDGED_NOTHING = frozenset({"skipped", "interrupted"})
"""Verdicts that state nothing about the target."""


@dataclass(frozen=True, slots=True)
class ReportedRun:
    """One execution of one notebook.

    Attributes:
        command: name of the evidence folder.
        run: name of the run in it, and of its files.
        notebook: name of the notebook.
        kind: `validation`, `runbook` or `plain`.
        target: name of the target; each local stack is the same one.
        verdict: the verdict; `interrupted` for a run that was never judged.
        cell: number of the cell that decided the verdict.
        reason: reason of the verdict, cut.
        started: start, ISO 8601 in UTC.
        seconds: duration.
        attempt: number of the attempt.
        passed: number of checks that passed.
        failed: number of checks that failed.
        failing: name of the first check that failed; empty if none did.
        conditions: digest of code, parameters, settings, target and deadlines.
        latencies: name of a check -> the seconds that it observed.
        is_pruned: whether its evidence was removed.
    """

    command: str
    run: str
    notebook: str
    kind: str
    target: str
    verdict: str
    cell: int | None
    reason: str
    started: str
    seconds: float
    attempt: int
    passed: int
    failed: int
    failing: str
    conditions: str
    latencies: Mapping[str, float]
    is_pruned: bool = False

    @property
    def group(self) -> tuple[str, str]:
        """Notebook and target: the runs of one group are comparable."""
        return self.notebook, self.target

    @property
    def day(self) -> str:
        """Day of the start, in UTC."""
        return self.started[:10]

    @property
    def page(self) -> str:
        """Path of its page below the site's root; empty if its evidence was removed."""
        return "" if self.is_pruned else f"report/runs/{self.command}--{self.run}.html"

    @property
    def is_judged(self) -> bool:
        """Whether the verdict states something about the target."""
        return self.verdict not in JUDGED_NOTHING


def read_runs(command: str, manifest: Mapping[str, Any]) -> Iterator[tuple[ReportedRun, Any]]:
    """Yield the runs of a command, each with its object in `run.json`; others are left out.

    Args:
        command: name of the evidence folder.
        manifest: content of its `run.json`.
    """
    rows = manifest.get("runs")
    for row in rows if isinstance(rows, list) else []:
        try:
            yield _read_run(command, manifest, row), row
        except (KeyError, TypeError, ValueError, AttributeError):
            continue


def _read_run(command: str, manifest: Mapping[str, Any], row: Mapping[str, Any]) -> ReportedRun:
    name = row["run"]
    if not _FILE_NAME.fullmatch(name):
        raise ValueError(name)
    checks = row["checks"]
    failed = [str(check["name"]) for check in checks["rows"] if check["outcome"] == "failed"]
    return ReportedRun(
        command=command,
        run=name,
        notebook=str(row["notebook"]),
        kind=str(row.get("kind") or _guess_kind(str(row.get("path", "")))),
        target=name_target(manifest.get("target") or {}),
        verdict=str(row["verdict"] or "interrupted"),
        cell=row.get("cell"),
        reason=str(row.get("reason") or "")[:MAX_REASON],
        started=_check_time(row["started"]),
        seconds=float(row.get("seconds") or 0.0),
        attempt=int(row.get("attempt") or 1),
        passed=int(checks["passed"]),
        failed=int(checks["failed"]),
        failing=failed[0] if failed else "",
        conditions=digest_conditions(manifest, row),
        latencies=dict(_read_latencies(checks["rows"])),
    )


def _check_time(text: str) -> str:
    """Return a time of ISO 8601 with its zone.

    Raises:
        ValueError: it is of another form.
    """
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)
    return text


def _guess_kind(path: str) -> str:
    """Return the kind of a run that was recorded without it, by the folder of its notebook."""
    return "runbook" if "runbooks" in path.split("/")[:-1] else "validation"


def _read_latencies(checks: list[Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield the durations that checks observed: `0.042 s`, or `redis-down: 1 s, beat: 0.2 s`."""
    for check in checks:
        observed = str(check.get("observed", ""))
        parts = [_DURATION.fullmatch(part) for part in observed.split(", ")]
        for part in parts if observed.endswith((" s", " s ago")) and all(parts) else ():
            if part:
                name = f": {part['name']}" if part["name"] else ""
                yield f"{check['name']}{name}", float(part["value"])
