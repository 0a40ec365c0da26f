"""`scan`: findings as a table, JSON or SARIF; exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.detection.vulnerabilities.osv import HIGH, advisory, before


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return an inventory with one vulnerable package, and a folder of advisories."""
    inventory = tmp_path / "requirements.txt"
    inventory.write_text("left-pad==1.0\nright-pad>=1\nclean==1.0\n")
    folder = tmp_path / "advisories"
    folder.mkdir()
    record = advisory("A-1", *before("2"), vector=HIGH, summary="[bold]Padding")
    (folder / "A-1.json").write_text(json.dumps(record))
    (folder / "B-1.json").write_text("{")
    return inventory, folder


def test_scan_prints_json(call: Callable[..., Any], files: tuple[Path, Path]) -> None:
    """Standard output is the report alone; the summary names broken advisories."""
    answer = call("scan", "--inventory", files[0], "--advisories", files[1], "--json")
    report = json.loads(answer.stdout)
    assert answer.returncode == 0
    assert [(row["package"], row["id"], row["fixed"]) for row in report["findings"]] == [
        ("left-pad", "A-1", "2")
    ]
    assert [row["package"] for row in report["unjudged"]] == ["right-pad"]
    assert [row["fixed"] for row in report["plan"]] == ["2"]
    assert "B-1.json: it is not valid JSON" in answer.stderr
    assert "2 packages, 1 advisories of 2026-01-01: 1 findings" in answer.stderr


@pytest.mark.parametrize(("severity", "code"), [("low", 1), ("HIGH", 1), ("critical", 0)])
def test_fail_on_sets_the_exit_code(
    call: Callable[..., Any], files: tuple[Path, Path], severity: str, code: int
) -> None:
    """Findings at or above the severity exit 1, with any output."""
    arguments = ("scan", "--inventory", files[0], "--advisories", files[1], "--fail-on", severity)
    answer = call(*arguments, "--sarif" if code else "--json")
    assert answer.returncode == code
    assert json.loads(answer.stdout)


@pytest.mark.parametrize("severity", ["unknown", "high", "critical"])
def test_fail_on_counts_unknown_severities(
    call: Callable[..., Any], files: tuple[Path, Path], tmp_path: Path, severity: str
) -> None:
    """They may be malicious packages: each is named, and fails the command unless it is waived."""
    record = advisory("MAL-1", *before("2"))
    (files[1] / "A-1.json").write_text(json.dumps(record))
    arguments = ["scan", "--inventory", files[0], "--advisories", files[1], "--fail-on", severity]
    answer = call(*arguments)
    assert answer.returncode == 1
    assert f"--fail-on {severity}: 1 without a known severity" in answer.stderr
    assert "MAL-1 (left-pad)" in answer.stderr
    waivers = tmp_path / "waivers.toml"
    waivers.write_text('[[waiver]]\nid = "MAL-1"\nreason = "x"\nexpires = 2999-01-01\n')
    answer = call(*arguments, "--waivers", waivers)
    assert (answer.returncode, "count as above" in answer.stderr) == (0, False)


def test_scan_prints_a_table(call: Callable[..., Any], files: tuple[Path, Path]) -> None:
    """Findings, plan and unjudged packages are tables; markup of an advisory is shown as it is."""
    answer = call("scan", "--inventory", files[0], "--advisories", files[1])
    for text in ("A-1", "[bold]Padding", "left-pad 1.0", "its version is not pinned by =="):
        assert text in answer.stdout
    assert answer.stdout.count("\n\n") == 2


def test_unusable_arguments_exit_2(
    call: Callable[..., Any], files: tuple[Path, Path], tmp_path: Path
) -> None:
    """A file that is no inventory, and a source without any readable advisory, are usage errors."""
    (tmp_path / "empty").mkdir()
    for inventory, advisories in (
        (files[1] / "A-1.json", files[1]),
        (files[0], tmp_path / "empty"),
        (files[0], files[1] / "B-1.json"),
    ):
        answer = call("scan", "--inventory", inventory, "--advisories", advisories)
        assert answer.returncode == 2
        assert "Traceback" not in answer.stderr
