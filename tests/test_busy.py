"""Time limits: a fixed factor on an idle machine, longer on a busy one."""

import os
import time

import pytest

from tests.busy import SAMPLE_S, SPARE, room_for, stretch


@pytest.mark.parametrize(("busy", "room_s"), [(0.5, 2.0), (1, 2.0), (3, 6.0)])
@pytest.mark.parametrize("load", [0.0, 2.0])
def test_a_limit_is_stretched_by_slow_work(
    busy: float, room_s: float, load: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that takes three times its CPU time triples the limit."""
    used = iter([0.0, SAMPLE_S / 2, SAMPLE_S])
    clock = iter([100.0, 100.0 + SAMPLE_S * busy])
    monkeypatch.setattr(time, "thread_time", lambda: next(used))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    room = room_for(2)
    monkeypatch.undo()
    assert room == pytest.approx(SPARE * room_s)


@pytest.mark.parametrize(("busy", "deadline_s"), [(0.5, 4.0), (1, 4.0), (3, 12.0)])
def test_a_deadline_is_stretched_by_slow_work_alone(
    busy: float, deadline_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test that waits for it loses no time where its steps need no more."""
    used = iter([0.0, SAMPLE_S])
    clock = iter([100.0, 100.0 + SAMPLE_S * busy])
    monkeypatch.setattr(time, "thread_time", lambda: next(used))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    stretched = stretch(4.0)
    monkeypatch.undo()
    assert stretched == pytest.approx(deadline_s)


def test_a_limit_is_stretched_by_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four processes per processor stretch the limit at least fourfold."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0, 0.0, 0.0))
    assert room_for(2) >= SPARE * 8
