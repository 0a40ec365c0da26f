"""The direct queue: consumed beside the selected queues, and never bound."""

import pytest
from celery import Celery
from kombu import Queue

from securenet_obs.workers.direct_queue import consume_direct_queue


def test_the_direct_queue_is_consumed_beside_the_selected_ones() -> None:
    """`--queues` does not remove it, and it has no exchange, so that nothing is bound in Redis."""
    app = Celery("tested", set_as_current=False)
    app.conf.task_queues = [Queue("logs"), Queue("scans")]
    app.amqp.queues.select(["logs"])
    consume_direct_queue(app, "worker@host")
    consumed = app.amqp.queues.consume_from
    assert set(consumed) == {"logs", "direct.worker@host"}
    direct = consumed["direct.worker@host"]
    assert (direct.exchange.name, direct.routing_key) == ("", "direct.worker@host")


@pytest.mark.slow
def test_every_worker_consumes_its_direct_queue(target: object) -> None:
    """The worker of every command line does, without an option."""
    queues = {queue["name"] for queue in target.ask("active_queues")}  # type: ignore[attr-defined]
    assert len([name for name in queues if name.startswith("direct.tested@")]) == 1
