"""Commands of `oncall`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.oncall.dossiers.listing import Dossier, write_page
from securenet_obs.oncall.history import History
from securenet_obs.stack.parts.readiness import HEARTBEAT
from tests.forked_python import ForkedPython
from tests.stores import create_sqlite
from tests.waiting import eventually

PROJECT = Path(__file__).parents[3]
Call = Callable[..., Any]

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


def test_windows_of_maintenance_are_opened_and_ended(tmp_path: Path, call: Call) -> None:
    """Each call prints those that are open."""
    target = tmp_path / "target.env"
    target.write_text(f"DATABASE_URL={create_sqlite(tmp_path / 's.sqlite3')}\n")
    options = ("oncall", "maintenance", "--target", target)
    opened = call(*options, "--for", "2h", "--reason", "an upgrade", "--json")
    assert [row["reason"] for row in json.loads(opened.stdout)] == ["an upgrade"]
    assert "No window" in call(*options, "--end").stdout


def test_the_service_ends_in_order(tmp_path: Path, python: ForkedPython) -> None:
    """On SIGTERM, with a heartbeat left and no alert taken."""
    variables = {
        **os.environ,
        "DATABASE_URL": create_sqlite(tmp_path / "s.sqlite3"),
        "DOSSIERS_FOLDER": str(tmp_path / "dossiers"),
    }
    command = ["-m", "securenet_obs", "oncall", "serve", "--root", str(PROJECT)]
    with (tmp_path / "log").open("wb") as log:
        process = python.start(command, output=log.fileno(), cwd=tmp_path, env=variables)
    try:
        began = eventually((tmp_path / "dossiers" / HEARTBEAT).exists, 60)
        assert began, (tmp_path / "log").read_text()
    finally:
        process.terminate()
        status = process.wait(60)
    assert status == 0, (tmp_path / "log").read_text()
