"""Outcomes are reported, one for each target, with the worst exit code."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from securenet_obs import notifications
from securenet_obs.cli.reporting import report_outcomes
from securenet_obs.runner.record.verdict import Verdict


def outcome(verdict: Verdict, folder: Path) -> Any:
    """Return an outcome without runs."""
    manifest = {"verdict": verdict.value}
    return SimpleNamespace(
        verdict=verdict, folder=folder, runs=[], manifest=manifest, unwritable=""
    )


def options(**changes: Any) -> Any:
    """Return the options of a command, as far as its report reads them."""
    return SimpleNamespace(**{"junit": None, "as_json": True, **changes})


def report(*outcomes: Any, run_options: Any) -> int:
    """Report the outcomes; return the exit code."""
    with pytest.raises(SystemExit) as ended:
        report_outcomes([(Any, each) for each in outcomes], run_options)  # type: ignore[misc]
    return int(ended.value.code or 0)


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Record the folders of the outcomes that were announced, with a problem of each."""
    folders: list[Path] = []

    def announce(_runs: Any, _target: Any, folder: Path, standings: Any) -> list[str]:
        assert standings is None
        folders.append(folder)
        return [f"no notification of {folder.name}"]

    monkeypatch.setattr(notifications, "announce", announce)
    return folders


def test_each_target_is_announced_and_the_worst_verdict_counts(
    tmp_path: Path, announced: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A notification that is not taken changes no exit code."""
    passed, failed = (
        outcome(Verdict.PASSED, tmp_path / "a"),
        outcome(Verdict.FAILED, tmp_path / "b"),
    )
    assert report(passed, run_options=options()) == 0
    assert json.loads(capsys.readouterr().out) == {"verdict": "passed"}
    assert report(passed, failed, run_options=options()) == 1
    shown = capsys.readouterr()
    assert [row["verdict"] for row in json.loads(shown.out)] == ["passed", "failed"]
    assert announced == [tmp_path / "a", tmp_path / "a", tmp_path / "b"]
    assert "no notification of b" in shown.err


def test_a_junit_report_that_cannot_be_copied_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runs are reported all the same."""
    passed = outcome(Verdict.PASSED, tmp_path / "missing")
    assert report(passed, run_options=options(junit=tmp_path / "junit.xml")) == 3
    assert "junit.xml" in capsys.readouterr().err
