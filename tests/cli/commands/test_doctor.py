"""Command `doctor`: output, JSON and exit codes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result

from securenet_obs.cli import cli
from securenet_obs.runner.target import SETTINGS

# The version of redis-server is asked of the program.
pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in a new folder; the command replaces the variables of its process."""
    monkeypatch.chdir(tmp_path)
    with patch.dict(os.environ):
        for name in (*SETTINGS, "CI"):
            os.environ.pop(name, None)
        yield


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *arguments])


def test_a_complete_machine_lacks_nothing() -> None:
    """Exit code 0, and one line for each subject."""
    done = call()
    assert done.exit_code == 0, done.output
    assert done.output.endswith("nothing is missing\n")
    assert "✔ redis-server: " in done.output


def test_what_a_target_lacks_has_its_remedy(tmp_path: Path) -> None:
    """Exit code 1, settings and parts in the same list, and the same as JSON."""
    Path("staging.env").write_text("REDIS_URL=redis://127.0.0.1:1/0\n")
    done = call("--target", "staging.env", "--json")
    assert done.exit_code == 1
    report = json.loads(done.output)
    rows = {row["subject"]: row for row in report["diagnoses"]}
    assert rows["API_URL"]["remedy"] == "add API_URL=... to staging.env"
    assert rows["Redis"]["remedy"] == "securenet-obs probe redis --target staging.env"
    assert report["missing"] == sum(row["state"] == "missing" for row in rows.values())


def test_settings_that_cannot_be_used_end_the_examination() -> None:
    """Parts are examined once the settings are right."""
    Path("staging.env").write_text("LOG_LEVEL=loud\nREDIS_URL=redis://host/0\n")
    done = call("--target", "staging.env")
    assert done.exit_code == 1
    assert "edit staging.env:1" in done.output
    assert "✘ parts: not examined: " in done.output


def test_in_ci_a_target_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lack of a target is one of the findings."""
    monkeypatch.setenv("CI", "true")
    done = call()
    assert done.exit_code == 1
    assert "✘ target: No target is named, and CI is set" in done.output
    assert call("--local").exit_code == 0
