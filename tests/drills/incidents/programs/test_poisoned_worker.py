"""A poisoned worker kills the process of a poisonous canary, and runs any other."""

import os
from typing import Any

import pytest

from securenet_obs.drills.incidents.faults.poison import POISON
from securenet_obs.drills.incidents.programs import poisoned_worker
from securenet_obs.workers import tasks
from securenet_obs.workers.celery_fixes import requests


def test_only_a_poisonous_canary_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of starts is the given one."""
    killed: list[int] = []
    canary: Any = tasks.echo_canary
    monkeypatch.setattr(canary, "run", len)
    monkeypatch.setattr(requests, "MAX_STARTS", 3)
    monkeypatch.setattr(poisoned_worker.time, "sleep", lambda _: None)
    monkeypatch.setattr(poisoned_worker.os, "kill", lambda pid, _signal: killed.append(pid))
    poisoned_worker.poison(99)
    assert (canary.run("ab"), killed) == (2, [])
    canary.run(POISON)
    assert killed == [os.getpid()]
    assert requests.MAX_STARTS == 99
