"""The service of on-call as a part of the stack."""

from pathlib import Path

import pytest

from securenet_obs.processes.guard import Guard
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts import oncall
from securenet_obs.stack.parts.oncall import create_oncall_part
from securenet_obs.stack.parts.readiness import HEARTBEAT, is_oncall_ready


def test_it_is_left_out_without_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack needs no more than the extra `local`."""
    monkeypatch.setattr(oncall, "find_spec", lambda _name: None)
    with Guard() as guard:
        assert create_oncall_part(tmp_path, {}, guard) == {}


def test_it_is_ready_once_it_looked_for_alerts(tmp_path: Path) -> None:
    """A heartbeat of an earlier process is not its own."""
    environment = {"DOSSIERS_FOLDER": str(tmp_path)}
    assert not is_oncall_ready(environment, 0)
    (tmp_path / HEARTBEAT).write_text("{}")
    assert is_oncall_ready(environment, 0)
    assert not is_oncall_ready(environment, (tmp_path / HEARTBEAT).stat().st_mtime + 1)


def test_it_serves_the_stack(stack: LocalStack) -> None:
    """With the stack's own folder, and a log that validations do not judge."""
    part = stack.parts["oncall"]
    assert part.is_running()
    assert part.log.parent != stack.parts["api"].log.parent
    assert (Path(stack.environment["DOSSIERS_FOLDER"]) / HEARTBEAT).exists()
