"""Bounds on time: as they stand on an idle machine, longer on a busy one."""

import os
import time

import pytest

from tests.busy import SAMPLE_S, room_for


@pytest.mark.parametrize(("busy", "room_s"), [(0.5, 2.0), (1, 2.0), (3, 6.0)])
@pytest.mark.parametrize("load", [0.0, 2.0])
def test_a_bound_is_stretched_as_work_is(
    busy: float, room_s: float, load: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that takes three times as long as the processor needs has three times the bound."""
    used = iter([0.0, SAMPLE_S / 2, SAMPLE_S])
    clock = iter([100.0, 100.0 + SAMPLE_S * busy])
    monkeypatch.setattr(time, "thread_time", lambda: next(used))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    room = room_for(2)
    monkeypatch.undo()
    assert room == pytest.approx(room_s)


def test_a_bound_is_stretched_by_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where four processes share each processor, a bound is four times as long, at least."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0, 0.0, 0.0))
    assert room_for(2) >= 8
