"""Publishes one task, or many in few round trips; restores the ids of an earlier request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import sentry_sdk
from celery import Celery, Task
from celery.result import denied_join_result
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel
from kombu.utils.json import dumps as as_json
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from securenet_obs.errors import PublishError
from securenet_obs.monitoring import bound_tenant
from securenet_obs.workers.ledger_records import add_sent
from securenet_obs.workers.results import collect_owners, store_owners

MAX_TASKS_PER_TRANSACTION = 500
"""Maximum number of tasks that are sent in one transaction; fewer if they are large."""

_MAX_CHARACTERS_PER_TRANSACTION = 4 * 1024 * 1024
# kombu raises the last one for a connection that was lost during use.
_UNAVAILABLE = (OperationalError, RedisError, OSError, AttributeError)


def publish(task: Task, *arguments: Any, **options: Any) -> str:
    """Queue a task and return its id; `options` are those of `Task.apply_async`.

    Raises:
        PublishError: the broker did not accept it.
        PayloadTooLargeError: its arguments exceed the payload limit.
    """
    # Otherwise Celery subscribes to each sent task's result, and never unsubscribes.
    with denied_join_result():
        try:
            return str(task.apply_async(arguments, retry=False, **options).id)
        except _UNAVAILABLE as error:
            raise PublishError(f"{task.name}: the broker did not accept it.") from error


@contextmanager
def restored_ids(ids: dict[str, Any]) -> Iterator[None]:
    """Send tasks within the block with the request, tenant and trace of these ids."""
    bound = {name: ids[name] for name in ("request_id", "tenant_id") if ids.get(name)}
    with bound_contextvars(**bound), sentry_sdk.isolation_scope(), _trace_of(ids):
        yield


def _trace_of(ids: dict[str, Any]) -> AbstractContextManager[Any]:
    """Continue a request's trace; otherwise tasks would get the trace of the running task."""
    if not (ids.get("trace_id") and ids.get("span_id")):
        return nullcontext()
    headers = {"sentry-trace": f"{ids['trace_id']}-{ids['span_id']}"}
    continued = sentry_sdk.continue_trace(headers, op="queue.publish", name="publish_again")
    return sentry_sdk.start_transaction(continued)


@dataclass(frozen=True)
class Call:
    """A task to send: its arguments, its tenant, and options of `Task.apply_async`."""

    arguments: Sequence[Any]
    tenant_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def publish_many(task: Task, calls: Iterable[Call]) -> list[str]:
    """Queue a task many times, in few round trips, and return the ids in order.

    Tasks are sent in transactions of `MAX_TASKS_PER_TRANSACTION`; each is queued as a whole or not.

    Raises:
        PublishError: the broker did not accept all; the message counts accepted and uncertain ones.
        PayloadTooLargeError: the arguments of one are too large; those before it may be queued.
    """
    sent: list[str] = []
    buffered: list[str] = []
    try:
        with (
            denied_join_result(),
            collect_owners() as owners,
            _buffering_channel(task.app) as channel,
        ):
            producer = task.app.amqp.Producer(channel, auto_declare=False)
            for call in calls:
                buffered.append(_add(task, call, producer))
                if channel.is_full:
                    channel.send(owners)
                    sent += buffered
                    buffered = []
            channel.send(owners)
    except _UNAVAILABLE as error:
        raise PublishError(
            f"{task.name}: the broker accepted {len(sent)} of these tasks, and possibly the next "
            f"{len(buffered)}; no later task was sent."
        ) from error
    return sent + buffered


def _add(task: Task, call: Call, producer: Any) -> str:
    tenant: AbstractContextManager[None] = nullcontext()
    if call.tenant_id is not None:
        tenant = bound_tenant(call.tenant_id)
    with tenant:
        sent = task.apply_async(call.arguments, producer=producer, retry=False, **call.options)
    return str(sent.id)


@contextmanager
def _buffering_channel(app: Celery) -> Iterator["_BufferingChannel"]:
    with app.pool.acquire(block=True) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        channel = _BufferingChannel(connection.connection)
        channel.app = app
        try:
            yield channel
        finally:
            channel.close()


class _BufferingChannel(Channel):  # type: ignore[misc] # kombu has no types
    """A channel to the broker that buffers messages and sends them together.

    Upstream: celery/kombu#2572, merged and in kombu 5.7.0. It can go with kombu 5.7, for
    `Producer.batch`.
    """

    app: Celery

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._messages: dict[str, list[str]] = {}
        self._recorded: list[tuple[str, Any]] = []
        self._count = self._characters = 0

    @property
    def is_full(self) -> bool:
        """Whether the buffered messages must be sent."""
        return (
            self._count >= MAX_TASKS_PER_TRANSACTION
            or self._characters >= _MAX_CHARACTERS_PER_TRANSACTION
        )

    def send(self, owners: dict[str, str]) -> None:
        """Store the owners of the buffered messages, then send these in one transaction."""
        if owners:
            store_owners(self.app, owners)
            owners.clear()
        with self.conn_or_acquire() as client, client.pipeline(transaction=True) as pipe:
            for queue, message in self._recorded:
                add_sent(pipe, queue, message)
            for key, messages in self._messages.items():
                pipe.lpush(key, *messages)
            pipe.execute()
        self._messages.clear()
        self._recorded.clear()
        self._count = self._characters = 0

    def _put(self, queue: str, message: Any, **_: object) -> None:
        priority = self._get_message_priority(message, reverse=False)
        text = as_json(message)
        self._messages.setdefault(self._q_for_pri(queue, priority), []).append(text)
        self._recorded.append((queue, message))
        self._count += 1
        self._characters += len(text)
