"""Dead parts of a stack are reported with the command that restarts them."""

import os
import signal
from pathlib import Path

import click
import pytest

from securenet_obs.cli.commands.stack import restart
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack import LocalStack, find_dead_parts, find_running_stack, watch_parts
from securenet_obs.stack.dead_parts import RESTARTABLE, WATCH_S, format_remedy


def root_of(stack: LocalStack) -> Path:
    """Return the folder of a stack's state."""
    return stack.folder.parent.parent


@pytest.mark.slow
def test_a_part_that_died_is_reported_once(stack: LocalStack) -> None:
    """The sentence names the part, its log and the command; a living stack has none."""
    state = find_running_stack(stack.name, root_of(stack))
    assert state is not None
    assert find_dead_parts(state) == {}
    reported: list[str] = []
    with watch_parts(stack.environment, reported.append, root_of(stack)):
        os.kill(stack.parts["api"].pid, signal.SIGKILL)
        try:
            poll_until(lambda: reported, deadline_s=60)
            poll_until(lambda: len(reported) > 1, deadline_s=2.5 * WATCH_S)
            dead = find_dead_parts(state)
        finally:
            stack.restart_part("api")
    assert reported == [dead["api"]]
    assert "api is not running" in reported[0]
    assert f"securenet-obs restart api --name {stack.name}" in reported[0]
    assert str(stack.parts["api"].log) in reported[0]


@pytest.mark.parametrize("part", ["redis", "bugsink"])
def test_a_part_with_data_is_not_restarted_alone(part: str) -> None:
    """Its remedy is another start of the stack."""
    assert format_remedy(part, "local") == (
        "Start the stack anew with `securenet-obs down` and `securenet-obs up`."
    )


def test_the_command_line_restarts_the_same_parts() -> None:
    """Its choices are written out, because a command imports no stack at its start."""
    (part,) = (each for each in restart.params if each.name == "part")
    assert isinstance(part.type, click.Choice)
    assert set(part.type.choices) == set(RESTARTABLE)
