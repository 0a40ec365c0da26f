"""Fixture of the comparison's tests: evidence of earlier commands, as files."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.runner.comparison.facts import FACTS_FILE, LOG_SCHEMA, PARAMETER, Facts


@pytest.fixture
def leave_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that leaves the evidence of a command with one run; returns its folder."""

    def leave(
        number: int,
        verdict: str = "passed",
        *,
        kinds: Mapping[str, Mapping[str, str]] | None = None,
        notebook: str = "n",
        target: str = "staging.env",
        failed: str = "",
        **row: Any,
    ) -> Path:
        folder = tmp_path / f"20260101T{number:06}Z-{number:08x}"
        folder.mkdir()
        facts = dict(kinds or {})
        own = facts.pop(PARAMETER, {})
        if LOG_SCHEMA in facts:
            schema = Facts({LOG_SCHEMA: facts.pop(LOG_SCHEMA)})
            (folder / f"{notebook}.log_schema.json").write_text(json.dumps(unflatten(schema)))
        (folder / FACTS_FILE).write_text(json.dumps(Facts(facts).as_json()))
        rows = [{"name": failed, "outcome": "failed"}] if failed else []
        run = {
            "run": notebook, "notebook": notebook, "verdict": verdict, "parameters": own,
            "started": f"2026-01-01T00:00:{number:02}Z", "checks": {"rows": rows}, **row,
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps({"target": {"name": target}, "runs": [run]}))
        return folder

    return leave


def unflatten(facts: Facts) -> dict[str, Any]:
    """Return the file of a log schema with these events and fields."""
    events: dict[str, Any] = {}
    for name, value in sorted(facts.kinds[LOG_SCHEMA].items()):
        event, dot, field = name.partition(".")
        part = events.setdefault(event, {"lines": 9, "fields": {}})
        if dot:
            part["fields"][field] = {"types": value.split(" or "), "null_share": 0}
    return {"until": "", "events": events}
