"""Verdicts as metrics."""

from securenet_obs.runner.record.latest import LatestRun
from securenet_obs.workers.metrics.validations import build_validations


def test_the_verdict_is_a_label() -> None:
    """The time of the run is a value: its age grows by itself."""
    verdicts, times = build_validations([LatestRun("08_the_broker_is_safe", "failed", 1.5e9)])
    (verdict,), (time,) = verdicts.samples, times.samples
    assert verdict.labels == {"validation": "08_the_broker_is_safe", "verdict": "failed"}
    assert (verdict.value, time.value) == (1, 1.5e9)
