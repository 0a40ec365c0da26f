"""`alarm-budget`: shows and sets a tenant's alarms a week."""

from typing import Any

import pytest

from securenet_obs.cli import main


def run(*arguments: str) -> int:
    """Run the command and return its exit code."""
    with pytest.raises(SystemExit) as exited:
        main(["alarm-budget", *arguments])
    return int(str(exited.value.code))


@pytest.mark.usefixtures("empty_store")
def test_a_budget_is_set_shown_and_removed(capsys: Any) -> None:
    """Each call prints the budget that holds then."""
    outputs = []
    for arguments in ((), ("--per-week", "3"), (), ("--per-week", "0")):
        assert run("acme", *arguments) == 0
        outputs.append(capsys.readouterr().out.strip())
    assert outputs == ["no budget", "3 alarms a week", "3 alarms a week", "no budget"]


def test_a_negative_budget_is_a_usage_error(capsys: Any) -> None:
    """The exit code is 2."""
    assert run("acme", "--per-week", "-1") == 2
    assert "--per-week" in capsys.readouterr().err
