"""An action is a valid line of the target's log; without such a log the reason is returned."""

from pathlib import Path

import pytest

from securenet_obs.oncall.target_log import NAME, log_action
from securenet_obs.probes import find_contract_violations, log_frame
from securenet_obs.settings import Settings


def test_an_action_is_a_line_of_the_contract(tmp_path: Path) -> None:
    """With its fields, masked."""
    settings = Settings(log_source=str(tmp_path), environment="staging")
    for event in ("action_started", "action_ended"):
        assert log_action(settings, event, does="grow", password="hunter2-hunter2") == ""
    logs = log_frame(tmp_path)
    assert find_contract_violations(logs).empty
    assert list(logs.frame["event"]) == ["action_started", "action_ended"]
    assert set(logs.frame["does"]) == {"grow"}
    assert "hunter2" not in (tmp_path / NAME).read_text()


@pytest.mark.parametrize("source", ["", "{}/gone", "{}/*.log"])
def test_without_a_folder_the_reason_is_returned(tmp_path: Path, source: str) -> None:
    """The logs of a remote target are shipped by others."""
    settings = Settings(log_source=source.format(tmp_path))
    assert "not a folder of this host" in log_action(settings, "action_started")


def test_a_folder_that_cannot_be_written_is_a_reason(tmp_path: Path) -> None:
    """The action goes on: the journal has it."""
    (tmp_path / NAME).mkdir()
    reason = log_action(Settings(log_source=str(tmp_path)), "action_started")
    assert "cannot be written: Is a directory" in reason
