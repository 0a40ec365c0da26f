"""The direct queue of a worker: only that worker consumes it, so that a canary there proves it."""

from celery import Celery
from kombu import Exchange, Queue

from securenet_obs.workers.names import DIRECT_PREFIX


def consume_direct_queue(app: Celery, worker: str) -> None:
    """Let this process's worker consume the queue that has its name.

    The queue has no binding in Redis, which would remain there for every worker that ever was. That
    of Celery's own `worker_direct` has one.

    Args:
        app: application of the worker, which is not started yet.
        worker: name of the worker, such as `worker@host`.
    """
    name = DIRECT_PREFIX + worker
    queue = app.amqp.queues.select_add(Queue(name, routing_key=name))
    # Celery replaces an empty exchange by its default one when the queue is added.
    queue.exchange = Exchange("")
