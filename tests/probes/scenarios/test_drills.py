import json
import sys
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.drills import DrillResult, serialise_drill_result
from securenet_obs.errors import ProbeError, SettingsError
from securenet_obs.probes.scenarios import drills
from securenet_obs.probes.scenarios.drills import NOTEBOOK, run_drills
from securenet_obs.settings import Settings

RESULT = DrillResult(
    "redis-down",
    accepted=9,
    in_flight=8,
    lost=("a", "b"),
    problems=("x",),
    unnoticed=("02_b",),
    validations={"01_a": "failed", "02_b": "passed"},
)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings of a local stack, in a project."""
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv(NOTEBOOK, str(tmp_path / "notebooks" / "09_a_claim.ipynb"))
    return Settings(environment="local")


def run_with_output(
    text: str, monkeypatch: pytest.MonkeyPatch, settings: Settings, **given: Any
) -> Any:
    """Run drills with a command that prints this text."""
    real = drills.subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        assert "--root" in command
        return real([sys.executable, "-c", text], **options)

    monkeypatch.setattr(drills.subprocess, "run", run)
    return run_drills(settings, ["redis-down"], **{"tasks": 20, "deadline_s": 20, **given})


def test_drill_result_is_a_row(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation that passed during the fault is listed as unnoticed."""
    written = json.dumps([serialise_drill_result(RESULT)], indent=2)
    (row,) = run_with_output(f"print('''{written}''')", monkeypatch, local).to_dict("records")
    assert (row["accepted"], row["lost"], row["doubled"], row["problems"]) == (9, 2, 0, 1)
    assert row["unnoticed"] == ["02_b"]
    assert not row["recovered_s"] <= 60


def test_drills_without_results_are_an_error(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command without output, or without an end, gives no results."""
    with pytest.raises(ProbeError, match="status 2"):
        run_with_output("import sys; sys.exit(2)", monkeypatch, local)
    monkeypatch.undo()
    with pytest.raises(ProbeError, match="did not end within"):
        run_with_output("import time; time.sleep(60)", monkeypatch, local, deadline_s=0.5)


def test_other_targets_are_refused() -> None:
    """Results on this machine prove nothing about another environment."""
    with pytest.raises(SettingsError, match="local stacks only"):
        run_drills(Settings(environment="production"), [], tasks=20, deadline_s=1)


def test_notebook_outside_a_project_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The validations are in the folder of the project."""
    monkeypatch.delenv(NOTEBOOK, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProbeError, match="run this notebook inside its project"):
        run_drills(Settings(environment="local"), [], tasks=20, deadline_s=1)
