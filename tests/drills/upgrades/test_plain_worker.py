"""A worker without our corrections, with the packages of the lock, survives a restart of Redis."""

import sys
from pathlib import Path

import pytest

from securenet_obs.drills.upgrades.plain_worker import try_plain_worker

pytestmark = pytest.mark.stack


@pytest.mark.slow
def test_the_packages_of_the_lock_survive(tmp_path: Path) -> None:
    """An upgrade whose plain worker ends is worse in this."""
    assert try_plain_worker(sys.executable, tmp_path) == ""
