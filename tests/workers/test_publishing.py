"""Handing tasks over from a process that must not wait."""

import socket
import time

import pytest
from celery import Celery

from securenet_obs.errors import PublishError
from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.publishing import bound_waits, publish


def echo(token: str) -> str:
    """Be a task."""
    return token


def application(port: int) -> Celery:
    """Return an application whose Redis is at a port."""
    url = f"redis://127.0.0.1:{port}"
    app = create_celery(Settings(redis_url=f"{url}/0", result_url=f"{url}/1"))
    bound_waits(app)
    return app


@pytest.mark.parametrize("hangs", [False, True])
def test_a_broker_that_is_away_is_an_error_in_time(hangs: bool) -> None:
    """Refused or silent, within two seconds, and again the second time."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if hangs:
            silent.listen(20)
        app = application(silent.getsockname()[1])
        task = app.task(name="securenet_obs.workers.tasks.echo_canary")(echo)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(PublishError, match="echo_canary"):
                publish(task, "token")
            assert time.monotonic() - began < 2


def test_patience_differs_by_process() -> None:
    """Bounding one application's waits leaves another's alone."""
    patient = create_celery(Settings()).conf.broker_transport_options["socket_timeout"]
    assert application(1).conf.broker_transport_options["socket_timeout"] < 1 < patient
