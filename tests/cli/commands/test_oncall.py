"""Command `oncall history`."""

import json
from pathlib import Path

from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.oncall.history import History

TARGET = {"redis": "redis://h:1/0", "sentry": "https://s o/p", "environment": "staging"}


def test_the_history_has_the_actions(tmp_path: Path) -> None:
    """The table has what was done; the JSON has every entry."""
    options = ["oncall", "history", "--evidence", str(tmp_path)]
    assert "No action is on record" in CliRunner().invoke(cli, options).output
    common = {"who": "Ann", "runbook": "worker_is_gone", "does": "restart it", "target": TARGET}
    History(tmp_path).append("before", **common)
    History(tmp_path).append("after", **common, outcome="done")
    table = CliRunner().invoke(cli, options).output
    assert table.count("Ann") == 1
    assert "restart it" in table
    entries = json.loads(CliRunner().invoke(cli, [*options, "--json"]).output)
    assert [row["event"] for row in entries] == ["before", "after"]
    recent = CliRunner().invoke(cli, [*options, "--json", "--since", "1h"]).output
    assert len(json.loads(recent)) == 2
