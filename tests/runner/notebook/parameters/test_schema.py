"""Typed parameters: the values of each type, and all problems reported before a kernel runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import ParametersError
from securenet_obs.runner.notebook.parameters.cell import read_schema
from tests.runner.notebook.parameters.conftest import CELL


@pytest.mark.parametrize(
    "assignment",
    [
        "count=abc", "count=0", "count=10", "count=1.5", "count=", "deadline_s=nan",
        "deadline_s=inf", "strict=maybe", "day=-1h", "window=soon", "mode=c", "limit=x",
        "names=a,b", "names=[1]", 'weights={"y": "z"}', "nobody=1", "tenant",
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(assignment: str) -> None:
    """Unknown names, wrong types, values out of range and missing equals signs are refused."""
    with pytest.raises(ParametersError, match=assignment.partition("=")[0]):
        read_schema(CELL).parse([assignment, "must=1"])


def test_every_problem_is_named_at_once() -> None:
    """One error lists all problems, missing required parameters included."""
    with pytest.raises(ParametersError) as caught:
        read_schema(CELL).parse(["count=abc", "nobody=1", "strict=maybe"])
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "count", "nobody", "strict", "must",
    ]  # fmt: skip


def test_bad_parameters_exit_2_and_run_nothing(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """`run` reports every problem with exit code 2, and leaves no evidence."""
    path = write_notebook("1 / 0", parameters="n: int = 1")
    answer = command_line("run", path, "-p", "n=abc", "-p", "m=1")
    assert answer.returncode == 2
    assert "n:" in answer.stderr
    assert "m: unknown" in answer.stderr
    assert not (tmp_path / "evidence").exists()
