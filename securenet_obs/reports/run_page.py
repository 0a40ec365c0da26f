"""The values of a run's page, from its object in run.json, which may be of another version."""

import json
from collections.abc import Mapping
from typing import Any

from securenet_obs.reports.runs import ReportedRun

MAX_TEXT = 4_000
"""Characters of a value on a page; the evidence has the whole value."""

_NAMED = frozenset({"python", "securenet-obs"})
"""Packages whose versions are shown; `run.json` has all."""

_CHECK = ("name", "outcome", "expected", "observed", "reason")
_CHANGE = ("kind", "what", "before", "after")


def prepare_run_page(
    run: ReportedRun, row: Mapping[str, Any], manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the variables of the template that come from `run.json`.

    Args:
        run: the run.
        row: its object in `run.json`.
        manifest: content of `run.json`.
    """
    versions = manifest.get("versions")
    checks = _read_checks(row)
    facts = {
        "started": f"{run.started} (UTC)",
        "target": _text((manifest.get("target") or {}).get("name") or run.target),
        "notebook": _text(row.get("path")) or run.notebook,
        "command": _text(manifest.get("command")),
        "evidence": run.command,
        "cells": f"{row.get('cells_finished', '?')} of {row.get('cells', '?')} finished",
        "commit": _text(manifest.get("commit")),
        "conditions": run.conditions,
        **{name: version for name, version in _read_pairs(versions) if name in _NAMED},
    }
    return {
        "reason": _text(row.get("reason")),
        "failed": [check for check in checks if check["outcome"] == "failed"],
        "others": [check for check in checks if check["outcome"] != "failed"],
        "facts": [(name, value) for name, value in facts.items() if value],
        "parameters": _read_pairs(row.get("parameters")),
        "phases": _read_pairs(row.get("phases")),
        "settings": _read_pairs(manifest.get("target")),
        "changes": _read_changes(row),
    }


def _read_checks(row: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{name: _text(check.get(name)) for name in _CHECK} for check in row["checks"]["rows"]]


def _read_changes(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the differences to the last green run by rank, if the run has recorded them."""
    found = row.get("changes_since_green")
    rows = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    ranked = sorted(rows, key=lambda each: _rank(each.get("rank")))
    return [{name: _text(each.get(name)) for name in _CHANGE} for each in ranked]


def _rank(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("inf")


def _read_pairs(values: Any) -> list[tuple[str, str]]:
    pairs = values.items() if isinstance(values, Mapping) else ()
    return [(str(name), _text(value)) for name, value in pairs]


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
