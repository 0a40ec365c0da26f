"""Earlier runs: newest first, of the same notebook and target, judged ones alone."""

from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.comparison.history import earlier_runs


def test_the_newest_run_of_the_same_notebook_and_target_comes_first(
    leave_run: Callable[..., Path], tmp_path: Path
) -> None:
    """Skipped and interrupted runs, later commands and broken files are left out."""
    leave_run(1)
    leave_run(2, "failed", failed="a check")
    for number, verdict in enumerate(("skipped", "interrupted", "bad_parameters"), 3):
        leave_run(number, verdict)
    leave_run(6, notebook="m")
    (leave_run(7) / "run.json").write_text("{")
    (leave_run(8) / "run.json").write_text("[]")
    now, later = leave_run(9), leave_run(10)
    runs = list(earlier_runs(tmp_path, now.name, "n", "staging.env"))
    assert [run.row["verdict"] for run in runs] == ["failed", "passed"]
    assert [run.is_green for run in runs] == [False, True]
    assert runs[0].failing_checks == ["a check"]
    assert later.name > now.name


def test_local_stacks_are_one_target(leave_run: Callable[..., Path], tmp_path: Path) -> None:
    """Each has a name of its own."""
    leave_run(1, target="local stack run-1a2b3c4d")
    assert list(earlier_runs(tmp_path, "20270101T000000Z-a", "n", "local stack"))
    assert not list(earlier_runs(tmp_path, "20270101T000000Z-a", "n", "staging.env"))
