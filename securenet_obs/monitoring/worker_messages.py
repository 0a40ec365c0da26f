"""Logs the messages that a Celery worker prints, at its shutdown for instance."""

import structlog


def log_worker_messages() -> None:
    """Log the messages that a worker prints without a logger, in this process.

    Upstream: celery/celery#8101, open; #8919, merged, changed only the stream. It can go when
    Celery logs such messages.
    """
    from celery.apps import worker  # a process that only sends tasks does not need it

    worker.safe_say = _log_message


def _log_message(message: str, *_: object) -> None:
    structlog.get_logger("celery.apps.worker").info(message)
