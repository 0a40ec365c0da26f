from pathlib import Path

import pytest

from securenet_obs.doctor.target_settings import examine_settings
from securenet_obs.runner.notebook.catalog import find_all
from securenet_obs.runner.target import SETTINGS, environment_target, read_target, stack_to_start

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = find_all(PROJECT)


def test_a_local_stack_has_what_the_notebooks_need() -> None:
    """Nothing is missing or skipped."""
    (found,) = examine_settings(stack_to_start(), NOTEBOOKS)
    assert (found.subject, found.state) == ("settings", "ok")


def test_every_problem_has_its_line_and_its_remedy(tmp_path: Path) -> None:
    """A misspelt variable is edited, a missing one is added, skipped notebooks are named."""
    file = tmp_path / "staging.env"
    file.write_text("REDIS_URL=redis://host/0\nSENTRY_DNS=x\n")
    rows = {row.subject: row for row in examine_settings(read_target(file), NOTEBOOKS)}
    assert rows[f"{file}:2"].remedy == f"edit {file}:2"
    assert "did you mean SENTRY_DSN?" in rows[f"{file}:2"].observed
    assert rows["API_URL"].remedy == f"add API_URL=... to {file}"
    assert rows["skipped"].state == "optional"
    assert "09_the_stack_survives_faults" in rows["skipped"].needed_for


def test_a_variable_of_the_environment_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file to edit."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://host/0")
    rows = {row.subject: row for row in examine_settings(environment_target(), NOTEBOOKS)}
    assert rows["API_URL"].remedy == "export API_URL=..."
