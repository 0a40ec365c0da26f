"""Summary of a run: its counts, its verdict in words, and its entry in run.json."""

import json
from collections.abc import Callable
from pathlib import Path

from securenet_obs.check_links import Link
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.record.runs import CheckRow
from securenet_obs.runner.record.summary import check_fields, counts, run_rows, verdict_text

CHECKS = """
from securenet_obs.checks import Checks
checks = Checks()
checks.expect('it holds', expected=1, observed=1)
checks.skip('it is not served', reason='not stored')
checks.conclude()
"""


def test_a_run_is_counted_and_described(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """run.json has the checks by outcome, the cells, and the timings."""
    outcome = execute(write_notebook(CHECKS, name="01_checks"))
    (record,) = outcome.runs
    assert counts(record) == {"passed": 1, "failed": 0, "skipped": 1}
    assert verdict_text(record) == "passed"
    (row,) = run_rows(outcome.runs)
    assert (row["verdict"], row["cells"], row["cells_finished"]) == ("passed", 1, 1)
    assert (row["kind"], row["limits"]["cell deadline"]) == ("validation", "30 s")
    assert list(row["sources"]) == ["01_checks, cell 1"]
    assert [check["outcome"] for check in row["checks"]["rows"]] == ["passed", "skipped"]
    assert json.loads((outcome.folder / "run.json").read_text())["runs"] == [row]


def test_a_failed_check_has_its_links() -> None:
    """They are objects with kind and text, for programs that read run.json."""
    row = CheckRow("a", "failed", "1", "2", links=(Link("logs", "securenet-obs logs find"),))
    assert check_fields(row)["links"] == [{"kind": "logs", "text": "securenet-obs logs find"}]
    assert check_fields(CheckRow("a", "passed"))["links"] == []
