"""A slow worker takes its seconds for each batch."""

import pytest

from securenet_obs.drills.incidents.programs import slow_worker
from securenet_obs.workers import tasks


def test_a_batch_is_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch itself is normalised as before."""
    delays: list[float] = []
    monkeypatch.setattr(tasks, "normalise_batch", len)
    monkeypatch.setattr(slow_worker.time, "sleep", delays.append)
    slow_worker.slow_down()
    assert tasks.normalise_batch([1, 2]) == 2  # type: ignore[comparison-overlap]
    assert delays == [slow_worker.BATCH_S]
