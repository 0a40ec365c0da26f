"""Events of distributed runs: a worker adds them to a stream, the caller reads them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from redis.exceptions import RedisError

from securenet_obs.distributed.names import EVENTS_KEY, RETENTION_S
from securenet_obs.errors import SecureNetObsError
from securenet_obs.redaction import redact_text
from securenet_obs.runner.record.verdict import Judgement

MAX_EVENTS = 100_000
_RETRY_S = 1.0

_log = structlog.get_logger(__name__)

Event = dict[str, Any]


class Publisher:
    """Progress listener of a run in a worker: adds its events to the command's stream.

    The parts in the shared place decide; an event that Redis does not take is lost.
    """

    def __init__(self, client: Any, command: str, run: str, attempt: int, worker: str) -> None:
        self._client = client
        self._key = EVENTS_KEY.format(command=command)
        self._facts = {"run": run, "attempt": attempt, "worker": worker}

    def send(self, event: str, **fields: Any) -> None:
        """Add an event."""
        data = json.dumps({**self._facts, "event": event, **fields})
        try:
            with self._client.pipeline() as pipe:
                pipe.xadd(self._key, {"event": data}, maxlen=MAX_EVENTS, approximate=True)
                pipe.expire(self._key, RETENTION_S).execute()
        except (RedisError, OSError) as error:
            _log.warning("validation_event_lost", reason=type(error).__name__)

    def started(self, run: str, cells: int) -> None:
        """Send the start; the caller knows the number of cells."""
        self.send("started")

    def waits(self, run: str, reason: str) -> None:
        """Send the reason for a wait."""
        self.send("waits", reason=reason)

    def cell(self, run: str, cell: int) -> None:
        """Send the number of the cell that starts."""
        self.send("cell", cell=cell)

    def shown(self, run: str, text: str) -> None:
        """Send a text for the terminal, which is masked."""
        self.send("shown", text=text)

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Send nothing: the run ends once its evidence is in the shared place."""


@contextmanager
def telling_failures(events: Publisher) -> Iterator[None]:
    """Send the caller the reason if the block fails: it would wait for evidence."""
    try:
        yield
    except Exception as error:
        own = isinstance(error, SecureNetObsError)
        reason = str(error) if own else f"{type(error).__name__}: {error}"
        events.send("failed", reason=redact_text(reason))
        raise


class Listener:
    """Reads the stream of a command in a thread, and sorts the events by run."""

    def __init__(self, client: Any, command: str) -> None:
        self._client = client
        self._key = EVENTS_KEY.format(command=command)
        self._queues: dict[str, SimpleQueue[Event]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="validation-events", daemon=True)
        self._thread.start()

    def register(self, run: str) -> None:
        """Collect the events of a run from now on."""
        self._queues[run] = SimpleQueue()

    def next(self, run: str, seconds: float) -> Event | None:
        """Return the next event of a run; None if there is none for so long."""
        try:
            return self._queues[run].get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        """End the thread."""
        self._ended.set()

    def _read(self) -> None:
        last = "0"
        while not self._ended.is_set():
            try:
                answer = self._client.xread({self._key: last}, count=500, block=1000)
            except (RedisError, OSError):
                # The parts in the shared place tell the caller meanwhile.
                self._ended.wait(_RETRY_S)
                continue
            for _, entries in answer or ():
                for last, fields in entries:  # noqa: B007 `last` is used in the next round
                    self._sort(fields)

    def _sort(self, fields: dict[str, str]) -> None:
        for event in _parsed(fields):
            if queue := self._queues.get(str(event.get("run"))):
                queue.put(event)


def _parsed(fields: dict[str, str]) -> Iterator[Event]:
    try:
        event = json.loads(fields["event"])
    except (ValueError, LookupError):
        return
    if isinstance(event, dict):
        yield event
