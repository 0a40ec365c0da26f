"""Metadata schema: a closed list of needs, and a suggestion for an unknown one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from securenet_obs.runner.notebook.metadata import Declared
from securenet_obs.runner.notebook.needs import NEEDS


@pytest.mark.parametrize("field", ["needs", "optional_needs"])
@pytest.mark.parametrize(
    ("name", "suggested"), [("kafka", ""), ("redsi", "'redis'"), ("Check-In", "'check-ins'")]
)
def test_an_unknown_need_is_refused(field: str, name: str, suggested: str) -> None:
    """The error lists all needs and suggests the nearest one."""
    with pytest.raises(ValidationError) as caught:
        Declared.model_validate({"kind": "validation", field: ["api", name]})
    (row,) = caught.value.errors()
    assert row["loc"] == (field, 1)
    assert f"'{name}' is not a need" in row["msg"]
    assert all(known in row["msg"] for known in NEEDS)
    assert (f"did you mean {suggested}?" in row["msg"]) is bool(suggested)


def test_all_needs_are_accepted() -> None:
    """Each need of the list is accepted, for the whole notebook or for single checks."""
    declared = Declared(kind="validation", needs=[*NEEDS], optional_needs=["check-ins"])
    assert declared.all_needs == [*NEEDS, "check-ins"]


def test_a_notebook_with_an_unknown_need_is_a_usage_error(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """No cell runs, the error names the file, and the exit code is 2."""
    answer = command_line("run", write_notebook("1", needs=["kafka"]))
    assert answer.returncode == 2, answer.stderr
    assert "a_claim.ipynb" in answer.stderr
    assert "'kafka' is not a need" in answer.stderr
    assert not (tmp_path / "evidence").exists()
