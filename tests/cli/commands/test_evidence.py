"""The command `evidence prune`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from securenet_obs.cli import cli
from securenet_obs.settings import get_settings
from tests.benchmarks.made_evidence import make_evidence


def invoke(evidence: Path, *options: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(cli, ["evidence", "prune", "--evidence", str(evidence), *options])


def test_a_dry_run_lists_the_evidence_that_the_command_removes(tmp_path: Path) -> None:
    """The list is the same; the newest command is kept, with the reason."""
    make_evidence(tmp_path, 24)
    before = sorted(tmp_path.iterdir())
    shown = invoke(tmp_path, "--older-than", "1d", "--dry-run")
    assert sorted(tmp_path.iterdir()) == before
    assert "folders would be removed" in shown.stdout
    assert "newest command" in shown.stdout
    done = json.loads(invoke(tmp_path, "--older-than", "1d", "--json").stdout)
    assert not done["dry_run"]
    assert [f"removed  {row['evidence']}" in shown.stdout for row in done["removed"]] == [True] * 12
    assert len(list(tmp_path.glob("2*"))) == len(done["kept"]) == 12
    assert json.loads(invoke(tmp_path, "--older-than", "1d", "--json").stdout)["removed"] == []


def test_the_default_age_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence within it is not listed."""
    make_evidence(tmp_path, 2)
    for days, number in (("3650", 0), ("1", 2)):
        monkeypatch.setenv("RETENTION_EVIDENCE_D", days)
        get_settings.cache_clear()
        assert len(json.loads(invoke(tmp_path, "--dry-run", "--json").stdout)["kept"]) == number
    get_settings.cache_clear()


@pytest.mark.parametrize("age", ["0d", "30", "-1d", "99999d"])
def test_a_wrong_age_is_bad_usage(tmp_path: Path, age: str) -> None:
    """The message has the longest period."""
    done = invoke(tmp_path, "--older-than", age)
    assert done.exit_code == 2
    assert "is not a period of at most 10 years" in done.output


def test_a_folder_that_does_not_exist_is_bad_usage(tmp_path: Path) -> None:
    """Nothing is created."""
    done = invoke(tmp_path / "nowhere", "--older-than", "1d")
    assert done.exit_code == 2
    assert "there is no such folder" in done.output
    assert not (tmp_path / "nowhere").exists()
