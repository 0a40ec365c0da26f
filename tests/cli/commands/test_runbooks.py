"""Commands `runbooks list` and `runbooks prove`."""

import json
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("is_piped", [False, True])
def test_an_error_finds_its_runbook(is_piped: bool) -> None:
    """By an argument, or by a piped traceback; `--json` has the rank, the command and the place."""
    text = "Traceback ...\nredis.exceptions.ResponseError: MISCONF Redis is configured to save RDB"
    given = () if is_piped else (text,)
    done = CliRunner().invoke(
        cli, ["runbooks", "find", *given, "--json", "--root", str(PROJECT)], input=text
    )
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)
    assert (row["rank"], row["tie"]) == (1, False)
    assert row["command"] == "securenet-obs run redis_refuses_writes"
    assert "MISCONF Redis" in row["why"][0]


def test_a_tie_is_shown() -> None:
    """Both have the first rank."""
    code, shown, _ = call("runbooks", "find", "messages_restored", "--root", PROJECT)
    assert code == 0
    assert "1. tasks_are_stuck_unacked (tie)" in shown
    assert "1. tasks_run_twice (tie)" in shown


def test_no_match_ends_with_1() -> None:
    code, shown, problem = call("runbooks", "find", "xyzzy", "--root", PROJECT)
    assert (code, shown) == (1, "")
    assert "No runbook matches" in problem


def test_a_runbook_with_a_pattern_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """The index is made of the metadata below the root, not of the package's file."""
    document = json.loads((PROJECT / "runbooks" / "worker_is_gone.ipynb").read_text())
    document["metadata"]["securenet"]["patterns"] = ["(ab)+cdef"]
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "worker_is_gone.ipynb").write_text(json.dumps(document))
    done = CliRunner().invoke(cli, ["runbooks", "index", "--root", str(tmp_path)])
    assert "worker_is_gone" in str(done.exception)
