"""Celery client of the probes: sends tasks and inspects workers, without a result backend."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import uuid4

from celery import Celery
from celery.app.control import Control, Inspect
from kombu import Connection
from kombu.pidbox import Mailbox

from securenet_obs.probes.celery.redis_reading import TIMEOUT_S, open_redis, translate_redis_errors
from securenet_obs.settings import Settings

LATE_S = 5.0
"""Seconds that a known worker, which has a control queue, has to answer after the others."""


class _QuestionMailbox(Mailbox):  # type: ignore[misc] # kombu has no types
    """Mailbox with a reply queue of its own for each question.

    kombu names that queue after the address of an object, which the object of the next question
    may have. A late answer to the first would then count as one to the second, for which kombu
    waits for as many answers as it asks workers, and one worker would be missing.

    Upstream: no issue known (searched 2026-11-28); celery/celery#7647, open, has the symptom. It
    can go when kombu counts the answers to one question only.
    """

    @cached_property
    def oid(self) -> str:
        """Return the first part of the name of the reply queue."""
        return str(uuid4())


class _QuestionControl(Control):  # type: ignore[misc] # Celery has no types
    """Celery's remote control with a reply queue for each question.

    Upstream: as `_QuestionMailbox`; it can go with it.
    """

    Mailbox = _QuestionMailbox


def create_celery_client(settings: Settings) -> Celery:
    """Return an application without registered tasks that bounds every wait by `TIMEOUT_S`."""
    app = Celery(
        "securenet-probe", set_as_current=False, backend="disabled", control=_QuestionControl
    )
    app.conf.update(
        broker_url=settings.redis_url.get_secret_value(),
        broker_connection_timeout=TIMEOUT_S,
        broker_transport_options={
            "socket_timeout": TIMEOUT_S,
            "socket_connect_timeout": TIMEOUT_S,
            "max_retries": 0,
        },
        task_publish_retry=False,
    )
    return app


@contextmanager
def open_inspector(settings: Settings, timeout_s: float) -> Iterator[Inspect]:
    """Yield an inspector of all workers that waits `timeout_s` seconds for their answers.

    Raises:
        ForbiddenError: Redis refuses.
        UnreachableError: Redis does not answer in time.
    """
    with open_control(settings) as (control, connection):
        yield control.inspect(timeout=timeout_s, connection=connection)


@contextmanager
def open_control(settings: Settings) -> Iterator[tuple[Control, Connection]]:
    """Yield Celery's remote control, and a connection for commands that are answered.

    It opens a connection of its own: a kept one may have been closed since its last use, and the
    workers would then seem to be gone after a restart of Redis. It restores no messages in flight,
    unlike a consumer of kombu: the target's visibility timeout may be longer than a client's.

    Raises:
        ForbiddenError: Redis refuses.
        UnreachableError: Redis does not answer in time.
    """
    app = create_celery_client(settings)
    with translate_redis_errors(settings.redis_url, "REDIS_URL"):
        with open_redis(settings.redis_url, "REDIS_URL") as redis:
            redis.ping()
        with app.connection_for_read() as connection:
            connection.transport.cycle.maybe_restore_messages = _restore_nothing
            yield app.control, connection


def _restore_nothing() -> None:
    """Replace kombu's restoration, which a poll does: the task would run twice."""


def query_workers(
    inspect: Inspect, *questions: str, known: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Return the answers to each of Celery's control questions: worker -> its answer.

    The first question goes to all workers and takes the timeout of `open_inspector`. The others
    go to the workers that answered, and end as soon as all of them have answered again.

    Args:
        inspect: inspector of `open_inspector`.
        questions: names of the inspector's methods.
        known: names of workers that are asked the first question again if they do not answer, for
            up to `LATE_S` seconds; they and the others then have as long for each further one.
    """
    first, *others = questions
    answers = [getattr(inspect, first)() or {}]
    if known:
        inspect.timeout = max(inspect.timeout, LATE_S)
    if late := sorted({*known}.difference(answers[0])):
        inspect.destination = late
        answers[0].update(getattr(inspect, first)() or {})
    inspect.destination = sorted(answers[0])
    for question in others:
        answers.append(getattr(inspect, question)() or {} if answers[0] else {})
    return answers
