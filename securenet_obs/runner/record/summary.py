"""Summarises runs: counts of checks, verdict for display, and the objects in run.json."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.timings import phases


def counts(record: RunRecord) -> dict[str, int]:
    """Return the number of checks that passed, failed and were skipped."""
    tally = Counter(check.outcome for check in record.checks)
    return {outcome: tally[outcome] for outcome in ("passed", "failed", "skipped")}


def verdict_text(record: RunRecord) -> str:
    """Return the verdict for display, such as `passed on attempt 2`."""
    judged = record.judged or {}
    attempt = record.started["attempt"]
    return f"{judged.get('verdict', '?')}" + (f" on attempt {attempt}" if attempt > 1 else "")


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
                "parameters": record.started["parameters"],
                "sources": record.started.get("sources"),
                "limits": record.started.get("limits"),
                "checks": {**counts(record), "rows": [vars(row) for row in record.checks]},
                "cells": record.started["cells"],
                "cells_finished": sum(1 for number in record.finished if number > 0),
                "phases": phases(record),
                "timings": {str(n): event["seconds"] for n, event in record.finished.items()},
            }
        )
    return rows
