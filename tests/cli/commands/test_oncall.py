"""Commands `oncall history` and `oncall dossiers`."""

import json
from pathlib import Path

from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.oncall.dossiers.listing import Dossier, write_page
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


def test_dossiers_are_listed(tmp_path: Path) -> None:
    """Those of a target's folder, with the path of each page in JSON."""
    folder = tmp_path / "dossiers"
    write_page(folder, Dossier("n", "2026-11-27T08:00:00Z", "a", "sentry", (), "o", "c", 1.0), "")
    target = tmp_path / "target.env"
    target.write_text(f"REDIS_URL=redis://localhost\nDOSSIERS_FOLDER={folder}\n")
    done = CliRunner().invoke(cli, ["oncall", "dossiers", "--target", str(target), "--json"])
    (row,) = json.loads(done.stdout)
    assert row["path"] == str(folder / "n.html")
    shown = CliRunner().invoke(cli, ["oncall", "dossiers", "--target", str(target)]).stdout
    assert f"1 dossiers in {folder}" in shown
