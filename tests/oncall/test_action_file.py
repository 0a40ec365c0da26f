"""Named actions are commands without a shell, with checked parameters."""

import sys
from pathlib import Path

import pytest

from securenet_obs.errors import ActionError
from securenet_obs.oncall.action_file import named_action, read_entries
from securenet_obs.oncall.actions import Action, Manual
from securenet_obs.settings import Settings

ECHO = f"""
[restart_worker]
command = ["{sys.executable}", "-c", "import sys; print(sys.argv[1])", "unit-{{worker}}"]
undo = "none"
deadline_s = 20

[restart_worker.parameters]
worker = '[a-z]+@[a-z.-]+|-[a-z]+|.*;.*'
"""


def act(tmp_path: Path, text: str, name: str = "restart_worker", **values: str) -> Action | Manual:
    path = tmp_path / "actions.toml"
    path.write_text(text)
    settings = Settings(runbook_actions=str(path))
    return named_action(settings, name, "restart it", dict, **values)


def test_it_runs_the_command_with_the_parameter(tmp_path: Path) -> None:
    """The result is the command's last line."""
    action = act(tmp_path, ECHO, worker="worker@host")
    assert isinstance(action, Action)
    assert action.run() == "unit-worker@host"
    assert action.command.endswith("unit-worker@host")
    assert action.undo == "none"


def test_no_shell_reads_the_parameter(tmp_path: Path) -> None:
    """A pattern that permits a semicolon permits no second command."""
    action = act(tmp_path, ECHO, worker="a; touch pwned")
    assert isinstance(action, Action)
    assert action.run() == "unit-a; touch pwned"


@pytest.mark.parametrize("value", ["", "Worker@host", "worker@host\n", "-option"])
def test_a_value_that_does_not_match_is_refused(tmp_path: Path, value: str) -> None:
    """Not even a pattern that permits it lets a value become an option."""
    with pytest.raises(ActionError, match="is not a valid worker"):
        act(tmp_path, ECHO, worker=value)


def test_a_missing_value_is_refused(tmp_path: Path) -> None:
    """A placeholder is never left as it is."""
    with pytest.raises(ActionError, match="is not a valid worker"):
        act(tmp_path, ECHO)


def test_a_placeholder_without_a_pattern_is_refused(tmp_path: Path) -> None:
    """What is not checked is not passed."""
    text = '[restart_worker]\ncommand = ["echo", "{queue}"]\nundo = "none"\n'
    with pytest.raises(ActionError, match="has no pattern"):
        act(tmp_path, text, queue="logs")


def test_without_an_entry_the_step_is_a_persons(tmp_path: Path) -> None:
    """The step names the missing entry, with a file and without one."""
    for step in (act(tmp_path, ECHO, "start_worker"), named_action(Settings(), "x", "do it", dict)):
        assert isinstance(step, Manual)
        assert "RUNBOOK_ACTIONS names no action" in step.reason


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ('["/bin/sh", "-c", "echo oops >&2; exit 3"]', "exited with 3: oops"),
        ('["/no/such/program"]', "cannot be started: No such file"),
        ('["/bin/sleep", "5"]', "did not end in 0.2 s"),
    ],
)
def test_a_command_that_fails_is_an_error(tmp_path: Path, command: str, reason: str) -> None:
    """Its exit code, its output and its deadline are named."""
    action = act(tmp_path, f'[a]\ncommand = {command}\nundo = "none"\ndeadline_s = 0.2\n', "a")
    assert isinstance(action, Action)
    with pytest.raises(ActionError, match=reason):
        action.run()


@pytest.mark.parametrize("text", ["[a", "[a]\ncommand = []\nundo = 'x'", "[a]\ncommand = ['x']"])
def test_a_file_that_is_not_valid_is_an_error(tmp_path: Path, text: str) -> None:
    """The message names the setting and the file."""
    path = tmp_path / "actions.toml"
    path.write_text(text)
    with pytest.raises(ActionError, match=r"RUNBOOK_ACTIONS: .*actions\.toml"):
        read_entries(str(path))
