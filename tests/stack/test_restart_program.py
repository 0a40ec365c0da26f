"""The program that restarts a part fails with a sentence; a proof of a runbook runs it for real."""

from pathlib import Path

import pytest

from securenet_obs.stack.restart_program import main


def test_a_stack_that_does_not_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status tells the runbook that nothing was restarted."""
    for named in ("worker", "securenet-worker"):
        assert main([str(tmp_path), "local", named]) == 1
        assert "The stack 'local' is not running" in capsys.readouterr().err
