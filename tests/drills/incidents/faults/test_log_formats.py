"""The fault of the logs is there in its block, and leaves no line after it."""

import pytest

from securenet_obs.drills.incidents.faults.log_formats import switch_format
from securenet_obs.probes.logs.newest import read_newest_lines
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_beat_writes_json_again_after_the_block(stack: LocalStack) -> None:
    """Also if no runbook has restarted it."""
    log = stack.parts["beat"].log
    with switch_format(stack):
        (faulty,) = poll_until(
            lambda: read_newest_lines(log, 9), lambda logs: logs[0].is_console, deadline_s=60
        )
        assert faulty.is_console
    assert stack.parts["beat"].is_running()
    assert [row for row in read_newest_lines(log, 9) if row.rejected] == []
