"""Orders: of a notebook with parameters, and those of an earlier command that are resumed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import ParametersError
from securenet_obs.runner.command import Command, Outcome
from securenet_obs.runner.evidence.folder import read_manifest
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.runner.orders import order_for, orders_to_resume
from securenet_obs.runner.target import target_of
from tests.runner.conftest import RecordedProgress


@pytest.mark.slow
def test_resume_skips_runs_that_passed_with_the_same_parameters(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """Passed runs are not run again; the others get their earlier parameters."""
    cell = "assert n == 7\nimport os\nassert os.path.exists(os.environ['FLAG'])"
    path = write_notebook(cell, parameters="n: int = 1", kind="runbook")
    environment = {"FLAG": str(tmp_path / "flag")}
    first = command_line("run", path, "-p", "n=7", "--json", environment=environment)
    assert first.returncode == 3
    folder = json.loads(first.stdout)["id"]
    (tmp_path / "flag").touch()
    second = command_line("validate", "--resume", folder, "--json", environment=environment)
    assert second.returncode == 0, second.stderr
    summary = json.loads(second.stdout)
    assert summary["runs"][0]["parameters"] == {"n": 7}
    assert summary["resumes"] == folder
    assert orders_to_resume(tmp_path / "evidence", summary["id"]) == []


def test_a_symbolic_link_is_a_notebook_of_its_own_name(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The manifest agrees with the exit code, and a passed run is not resumed."""
    link = tmp_path / "link.ipynb"
    link.symlink_to(write_notebook("1"))
    outcome = execute(link, plain=True)
    manifest = read_manifest(outcome.folder)
    assert str(outcome.verdict) == manifest["verdict"] == "passed"
    assert orders_to_resume(tmp_path / "evidence", outcome.folder.name) == []


def test_of_one_notebook_for_two_tenants_the_failed_one_is_resumed(
    write_notebook: Callable[..., Path],
    listener: RecordedProgress,
    server: str,
    tmp_path: Path,
) -> None:
    """A notebook is done for the tenants for which it passed, not for all of them."""
    cell = "assert tenant_id != 'globex'"
    path = write_notebook(cell, parameters='tenant_id: str = "t"', kind="runbook")
    notebook = read_notebook(path)
    orders = [order_for(notebook, [f"tenant_id={name}"]) for name in ("acme", "globex", "initech")]
    target = target_of("a test", {})
    command = Command(target, tmp_path / "evidence", listener, warm=server)
    outcome = command.run(orders)
    assert [row["assignments"] for row in outcome.manifest["runs"]] == [
        ["tenant_id=acme"], ["tenant_id=globex"], ["tenant_id=initech"],
    ]  # fmt: skip
    (again,) = orders_to_resume(tmp_path, str(outcome.folder))
    assert again.assignments == ("tenant_id=globex",)


def test_a_parameter_that_was_masked_cannot_be_resumed(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """A masked value cannot be restored from the evidence, and the error states it."""
    path = write_notebook("1 / 0", parameters='note: str = ""', kind="runbook")
    outcome = execute(
        path, assignments=["note=hunter2-hunter2"], environment={"X_TOKEN": "hunter2-hunter2"}
    )
    with pytest.raises(ParametersError, match="masked"):
        orders_to_resume(tmp_path, str(outcome.folder))


def test_a_relative_time_is_recorded_and_resumed_as_resolved(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The evidence has the time that the kernel had, and a resumed run has it again."""
    cell = "import datetime as dt\nassert dt.timedelta() < dt.datetime.now(dt.UTC) - since\n1 / 0"
    path = write_notebook(
        cell, parameters="from datetime import datetime\nsince: datetime", kind="runbook"
    )
    outcome = execute(path, assignments=["since=-1h"])
    manifest = read_manifest(outcome.folder)
    (row,) = manifest["runs"]
    assert row["reason"] == "ZeroDivisionError: division by zero"
    recorded = datetime.fromisoformat(row["parameters"]["since"])
    age = datetime.now(UTC) - recorded
    assert timedelta(hours=1) < age < timedelta(hours=1, minutes=5)
    (order,) = orders_to_resume(tmp_path, str(outcome.folder))
    assert order.prepared.values["since"] == recorded


def test_an_order_for_bad_parameters_is_refused(write_notebook: Callable[..., Path]) -> None:
    """Bad parameters are refused before any run starts."""
    with pytest.raises(ParametersError):
        order_for(read_notebook(write_notebook(parameters="n: int = 1")), ["n=x"])
