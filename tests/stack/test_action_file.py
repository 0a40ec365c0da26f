"""The stack's file of actions is one that runbooks can read; its program restarts a part."""

import shlex
from pathlib import Path

import pytest

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.action_file import build_action
from securenet_obs.settings import Settings
from securenet_obs.stack.action_file import write_actions
from securenet_obs.stack.parts.readiness import WORKER


def test_the_worker_of_the_stack_can_be_restarted(tmp_path: Path) -> None:
    """Another worker is refused: the command would restart the wrong one."""
    folder = tmp_path / "a b" / "stacks" / "local"
    folder.mkdir(parents=True)
    settings = Settings(runbook_actions=str(write_actions(folder)))
    action = build_action(settings, "restart_worker", "restart it", dict, worker=WORKER)
    assert shlex.split(action.command)[-3:] == [str(tmp_path / "a b"), "local", "worker"]
    with pytest.raises(ActionError, match="is not a valid worker"):
        build_action(settings, "restart_worker", "restart it", dict, worker="worker@elsewhere")


@pytest.mark.parametrize("name", ["restore_log_format", "restore_sentry_dsn", "roll_back"])
def test_the_settings_of_a_service_can_be_restored(tmp_path: Path, name: str) -> None:
    """Other parts hold the target's data."""
    folder = tmp_path / "stacks" / "local"
    folder.mkdir(parents=True)
    settings = Settings(runbook_actions=str(write_actions(folder)))
    action = build_action(settings, name, "do it", dict, service="securenet-beat")
    assert shlex.split(action.command)[-1] == "securenet-beat"
    with pytest.raises(ActionError, match="is not a valid service"):
        build_action(settings, name, "do it", dict, service="redis")


def test_beat_of_the_stack_can_be_restarted(tmp_path: Path) -> None:
    """It has no parameter."""
    settings = Settings(runbook_actions=str(write_actions(tmp_path)))
    action = build_action(settings, "restart_beat", "restart it", dict)
    assert action.command.endswith(" beat")


def test_keys_of_the_stack_can_be_rotated(tmp_path: Path) -> None:
    """Its other secrets are those of its parts, which only a new stack changes."""
    settings = Settings(runbook_actions=str(write_actions(tmp_path)))
    action = build_action(
        settings, "rotate_secret", "do it", dict, variable="API_KEYS", owner="tenant-a"
    )
    assert shlex.split(action.command)[-2:] == ["API_KEYS", "tenant-a"]
    with pytest.raises(ActionError, match="is not a valid variable"):
        build_action(
            settings, "rotate_secret", "do it", dict, variable="REDIS_URL", owner="tenant-a"
        )


def test_a_stack_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    """The action fails with the stack's own sentence."""
    folder = tmp_path / "stacks" / "local"
    folder.mkdir(parents=True)
    settings = Settings(runbook_actions=str(write_actions(folder)))
    action = build_action(settings, "restart_worker", "restart it", dict, worker=WORKER)
    with pytest.raises(ActionError, match="exited with 1: The stack 'local' is not running"):
        action.run()
