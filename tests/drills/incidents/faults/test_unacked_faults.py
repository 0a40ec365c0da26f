"""Messages of a consumer that died are stuck in the block, and gone after it."""

import pytest

from securenet_obs.drills.incidents.faults.unacked_faults import orphan_scans
from securenet_obs.oncall.actions.unacked import find_stuck, read_held
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack


@pytest.mark.slow
def test_orphaned_scans_are_stuck_until_the_end_of_the_block(stack: LocalStack) -> None:
    """Although their worker is back: they have no lease, so they wait for an hour."""
    settings = Settings(redis_url=stack.environment["REDIS_URL"])
    with orphan_scans(stack):
        stuck = find_stuck(read_held(settings)[0], 0)
        assert {row.queue for row in stuck} == {"scans"}
    assert find_stuck(read_held(settings)[0], 0) == []
    assert "scans" in str(stack.parts["worker"].command)
