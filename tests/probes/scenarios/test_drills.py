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


def told(text: str, monkeypatch: pytest.MonkeyPatch, settings: Settings, **given: Any) -> Any:
    """Run drills by a command that says this."""
    real = drills.subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        assert "--root" in command
        return real([sys.executable, "-c", text], **options)

    monkeypatch.setattr(drills.subprocess, "run", run)
    return run_drills(settings, ["redis-down"], **{"tasks": 20, "deadline_s": 20, **given})


def test_what_came_of_a_drill_is_a_row(local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation that passed while a fault was in is named as one that did not notice."""
    written = json.dumps([serialise_drill_result(RESULT)], indent=2)
    (row,) = told(f"print('''{written}''')", monkeypatch, local).to_dict("records")
    assert (row["accepted"], row["lost"], row["doubled"], row["problems"]) == (9, 2, 0, 1)
    assert row["unnoticed"] == ["02_b"]
    assert not row["recovered_s"] <= 60


def test_drills_that_say_nothing_are_an_error(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be judged then; neither when they do not end."""
    with pytest.raises(ProbeError, match="status 2"):
        told("import sys; sys.exit(2)", monkeypatch, local)
    monkeypatch.undo()
    with pytest.raises(ProbeError, match="did not end within"):
        told("import time; time.sleep(60)", monkeypatch, local, deadline_s=0.5)


def test_any_other_target_is_refused() -> None:
    """What is shown on this machine proves nothing of another environment."""
    with pytest.raises(SettingsError, match="local stacks only"):
        run_drills(Settings(environment="production"), [], tasks=20, deadline_s=1)


def test_a_notebook_without_a_project_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The validations that are to notice are looked for in the project's folder."""
    monkeypatch.delenv(NOTEBOOK, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProbeError, match="run this notebook inside its project"):
        run_drills(Settings(environment="local"), [], tasks=20, deadline_s=1)
