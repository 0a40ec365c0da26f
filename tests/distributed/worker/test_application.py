"""The application of validation workers: one queue, and no queue or database of SecureNet's own."""

import pytest

from securenet_obs.distributed.names import WORKER_KEY
from securenet_obs.distributed.presence import living_workers
from securenet_obs.distributed.worker.application import validation_app
from securenet_obs.workers.celery_app import celery_app
from tests.distributed.fleet import Fleet
from tests.waiting import eventually


def test_it_shares_no_queue_and_no_database_with_the_other_application() -> None:
    """A validation never waits behind a task, and does not count as one in flight."""
    validations, others = validation_app.conf, celery_app.conf
    assert [queue.name for queue in validations.task_queues] == ["validation"]
    assert "validation" not in {queue.name for queue in others.task_queues}
    urls = {others.broker_url, others.result_backend}
    assert validations.broker_url == validations.result_backend not in urls


def test_a_run_of_a_lost_worker_is_delivered_again() -> None:
    """Messages are acknowledged when the evidence is written."""
    conf = validation_app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.worker_concurrency, conf.worker_prefetch_multiplier) == (1, 1)


@pytest.mark.slow
@pytest.mark.stack
def test_a_worker_is_alive_after_its_connections_were_broken(project: Fleet) -> None:
    """Celery forgets its timers with a connection: no caller would find the worker any more."""
    names = [row["name"] for row in living_workers(project.client)]
    assert len(names) == 2
    _, _, database = project.broker.rpartition("/")
    client = project.client
    for row in client.client_list():
        if row["db"] == database:
            client.client_kill_filter(_id=row["id"], skipme=True)
    for _ in ("with the next connection", "from its timer"):
        client.delete(*(WORKER_KEY.format(name=name) for name in names))
        assert eventually(lambda: len(living_workers(client)) == 2, 60)
