"""Commands `new` and `lint`: outputs, JSON and exit codes."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from securenet_obs.cli import cli


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_new_notebook_passes_lint() -> None:
    """The output has the command that runs it, and what a runbook still lacks."""
    assert (
        "securenet-obs validate 01_results_expire --local"
        in call("new", "validation", "results_expire").output
    )
    shown = call("new", "runbook", "results_are_late").output
    assert "securenet-obs run results_are_late --local" in shown
    for part in ("drill", "patterns", "verification", "stop condition"):
        assert f"\n  {part}: " in shown
    linted = call("lint")
    assert linted.exit_code == 0
    assert "2 notebooks, 0 with 0 problems, 9 open parts of drafts" in linted.output


def test_a_departure_is_exit_code_1_and_json() -> None:
    """Each finding has path, cell, rule and correction."""
    call("new", "validation", "results_expire")
    path = os.path.join("notebooks", "01_results_expire.ipynb")
    text = Path(path).read_text()
    Path(path).write_text(text.replace('"checks.conclude()"', '"!false"'))
    done = call("lint", path, "--json")
    assert done.exit_code == 1
    report = json.loads(done.output)
    assert report["notebooks"] == 1
    assert [row["rule"] for row in report["findings"]] == ["shell escape", "verdict"]
    assert {row["path"] for row in report["findings"]} == {path}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lint", "nowhere.ipynb"), "nowhere.ipynb: no such notebook or folder"),
        (("new", "runbook", "No"), "is not a name of a notebook"),
    ],
)
def test_unusable_arguments_are_usage_errors(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2 and one sentence."""
    done = call(*arguments)
    assert done.exit_code == 2
    assert words in done.output
