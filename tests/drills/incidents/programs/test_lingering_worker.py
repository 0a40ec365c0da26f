"""A lingering worker delays slow canaries, and has the timeout that it was given."""

from typing import Any

import pytest
from celery import signals

from securenet_obs.drills.incidents.programs import lingering_worker
from securenet_obs.workers import tasks
from securenet_obs.workers.celery_app import celery_app


def test_only_slow_canaries_are_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout is set once the worker is set up, among the other options."""
    delays: list[float] = []
    receivers: list[Any] = []
    canary: Any = tasks.echo_canary
    options = celery_app.conf.broker_transport_options
    monkeypatch.setattr(canary, "run", len)
    monkeypatch.setattr(lingering_worker.time, "sleep", delays.append)
    monkeypatch.setattr(
        signals.celeryd_after_setup, "connect", lambda call, **_: receivers.append(call)
    )
    lingering_worker.linger(5.0)
    assert (canary.run("ab"), delays) == (2, [])
    canary.run(lingering_worker.SLOW)
    assert delays == [lingering_worker.RUN_S]
    try:
        receivers[0]()
        assert celery_app.conf.broker_transport_options == {**options, "visibility_timeout": 5.0}
    finally:
        celery_app.conf.broker_transport_options = options
