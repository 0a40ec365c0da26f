"""Summarises runs: counts of checks, verdict for display, and the objects in run.json."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from securenet_obs.runner.record.runs import CheckRow, RunRecord
from securenet_obs.runner.record.timings import phases

MAX_SHOWN_CHANGES = 5
"""Number of changes since the last green run that a terminal or a banner shows."""

_MAX_VALUE = 60


def counts(record: RunRecord) -> dict[str, int]:
    """Return the number of checks that passed, failed and were skipped."""
    tally = Counter(check.outcome for check in record.checks)
    return {outcome: tally[outcome] for outcome in ("passed", "failed", "skipped")}


def verdict_text(record: RunRecord) -> str:
    """Return the verdict for display, such as `passed on attempt 2`."""
    judged = record.judged or {}
    attempt = record.started["attempt"]
    return f"{judged.get('verdict', '?')}" + (f" on attempt {attempt}" if attempt > 1 else "")


def check_fields(row: CheckRow) -> dict[str, Any]:
    """Return a check as a JSON object, with a list of its links."""
    return {**asdict(row), "links": [asdict(link) for link in row.links]}


def comparison(record: RunRecord) -> dict[str, Any]:
    """Return the comparison of a failing run with its last green run, empty for other runs."""
    compared = record.compared_with_green or {}
    return {
        "last_green": compared.get("last_green"),
        "changes_since_green": compared.get("changes_since_green", []),
        "not_compared": compared.get("not_compared", {}),
    }


def change_text(change: Mapping[str, Any]) -> str:
    """Return a change since the last green run as one line."""
    before, after = (_cut(str(change[name])) for name in ("before", "after"))
    why = f" ({change['why']})" if change.get("why") else ""
    return f"{change['kind']} {change['what']}: {before} -> {after}{why}"


def _cut(value: str) -> str:
    return value if len(value) <= _MAX_VALUE else f"{value[: _MAX_VALUE - 1]}…"


def run_rows(records: Iterable[RunRecord]) -> list[dict[str, Any]]:
    """Return one object per run, as in `run.json` and the output of `--json`."""
    rows = []
    for record in records:
        judged = record.judged or {}
        rows.append(
            {
                "run": record.run,
                "notebook": record.started["notebook"],
                "kind": record.kind,
                "path": record.started["path"],
                "attempt": record.started["attempt"],
                "verdict": judged.get("verdict"),
                "cell": judged.get("cell"),
                "reason": judged.get("reason", ""),
                "seconds": judged.get("seconds"),
                "started": record.started["at"],
                "assignments": record.started.get("assignments", []),
                "parameters": record.started["parameters"],
                "sources": record.started.get("sources", {}),
                "limits": record.started.get("limits", {}),
                **comparison(record),
                "checks": {**counts(record), "rows": [check_fields(row) for row in record.checks]},
                "cells": record.started["cells"],
                "cells_finished": sum(1 for number in record.finished if number > 0),
                "phases": phases(record),
                "timings": {str(n): event["seconds"] for n, event in record.finished.items()},
            }
        )
    return rows
