"""Timings: durations of the phases of a command, in one line."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from securenet_obs.runner.console.timings import NOTEBOOKS, Timings
from tests.runner.record.test_timings import record


def test_a_line_states_the_duration_of_each_part() -> None:
    """The line includes phases around the runs, and omits phases that took no time."""

    @contextmanager
    def stack() -> Iterator[str]:
        time.sleep(0.06)
        yield "it"
        time.sleep(0.12)

    timings = Timings()
    with timings.around("stack", stack()) as entered, timings.phase(NOTEBOOKS):
        assert entered == "it"
        time.sleep(0.06)
    with timings.phase("nothing"):
        pass
    assert timings.seconds["stack down"] > timings.seconds["stack up"] >= 0.06
    line = timings.sentence([record(), record()])
    assert "nothing" not in line
    assert "(kernel start 1.0, cells 6.0, kernel end 0.5, saving 0.5), stack down 0.1 s" in line
