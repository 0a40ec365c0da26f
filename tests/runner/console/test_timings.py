"""Timings: durations of the phases of a command, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from securenet_obs.runner.console import timings as module
from securenet_obs.runner.console.timings import NOTEBOOKS, Timings
from tests.runner.record.test_timings import record


def test_a_line_states_the_duration_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line includes phases around the runs, and omits phases that took no time."""
    now_s = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now_s[0]))

    def take(seconds: float) -> None:
        now_s[0] += seconds

    @contextmanager
    def stack() -> Iterator[str]:
        take(0.06)
        yield "it"
        take(0.12)

    timings = Timings()
    with timings.around("stack", stack()) as entered, timings.phase(NOTEBOOKS):
        assert entered == "it"
        take(0.06)
    with timings.phase("nothing"):
        pass
    assert timings.seconds == {"stack up": 0.06, NOTEBOOKS: 0.06, "stack down": 0.12, "nothing": 0}
    line = timings.sentence([record(), record()])
    assert "nothing" not in line
    assert "(kernel start 1.0, cells 6.0, kernel end 0.5, saving 0.5), stack down 0.1 s" in line
