"""Commands `runbooks list` and `runbooks prove`."""

import json
from pathlib import Path

from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.oncall.history import History

PROJECT = Path(__file__).parents[3]


def call(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [str(one) for one in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_runbooks_that_were_never_proved_are_listed_loudly(tmp_path: Path) -> None:
    """The exit code is 1, and one sentence names the command."""
    code, listed, warned = call("runbooks", "list", "--root", PROJECT, "--evidence", tmp_path)
    assert code == 1
    assert "worker_is_gone" in listed
    assert "never" in listed
    assert warned.count("\n") == 1
    assert "run `securenet-obs runbooks prove`" in warned


def test_proved_runbooks_pass(tmp_path: Path) -> None:
    """`--json` has when, on which stack, and by which incident."""
    for path in PROJECT.glob("runbooks/*.ipynb"):
        target = {"name": "local stack x"}
        History(tmp_path).append("proved", runbook=path.stem, outcome="passed", target=target)
    options = ("--root", PROJECT, "--evidence", tmp_path, "--json")
    code, listed, _ = call("runbooks", "list", *options)
    assert code == 0
    rows = {row["runbook"]: row for row in json.loads(listed)}
    assert rows["worker_is_gone"]["drill"] == "worker-gone"
    assert rows["worker_is_gone"]["on"] == "local stack x"


def test_a_runbook_without_an_incident_is_refused() -> None:
    """The nearest name is suggested before anything starts."""
    code, _, problem = call("runbooks", "prove", "worker_is_gon")
    assert code == 2 or "worker_is_gone" in problem
