"""Follows one run in a validation worker: its progress, the loss of its worker, its evidence."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from securenet_obs.distributed.events import Event, Listener
from securenet_obs.distributed.merging import GIVEN_UP, merge, refusal_in
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.presence import has_messages, living_workers, refused_writes
from securenet_obs.errors import EvidenceError, SecureNetObsError, UnreachableError
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.scratch import scratch_folder
from securenet_obs.runner.evidence.finishing import compare_here
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.record.order import Order, Progress, Result
from securenet_obs.runner.record.verdict import Judgement, Verdict
from securenet_obs.runner.stop import SIGNALLED

LOOK_S = 5.0
"""Seconds without an event after which the shared place and the workers are looked at."""

STOPPING_LOOK_S = 0.5

NO_WORKER_S = 60.0
"""Seconds without any worker, or without its message, after which a run is given up."""

AWAY_S = 120.0
"""Seconds without an answer of Redis after which a run is given up; workers wait for it, too."""

OVERDUE_S = 60.0
"""Seconds after its time at which a run is given up."""

APPEARS_S = 60.0
"""Seconds in which the evidence of an ended run appears: a network file system looks again then."""

STOP_S = 20.0
"""Seconds that a worker has to write the evidence of a run that was interrupted."""


@dataclass
class Sent:
    """A run that was sent, as far as it is known to the caller.

    Attributes:
        run: id of the run.
        due_at: Unix seconds after which no worker starts it.
        delivery: number of its latest start in a worker.
        worker: name of that worker.
        cell: the latest cell that has started.
        pending: an event that is handled by the next attempt.
    """

    run: str
    due_at: float
    delivery: int = 0
    worker: str = ""
    cell: int | None = None
    pending: Event | None = None


class Caller(Protocol):
    """The execution to which a run belongs."""

    folder: EvidenceFolder
    progress: Progress

    def begin(self, order: Order, attempt: int, first: str) -> str:
        """Record the start of a run; return its name."""

    def end(
        self, run: str, order: Order, attempt: int, started: float, judgement: Judgement
    ) -> Result:
        """Complete the evidence of a run that left none."""

    def is_stopping(self) -> bool:
        """Return whether the command was interrupted; the workers know it then."""


class Following:
    """One attempt of a run.

    Args:
        caller: the execution.
        listener: the events.
        place: the shared place.
        client: client of the validations' Redis.
        sent: the run; it has a pending event if another worker goes on with it.
        order: its order.
        attempt: number of the attempt.
        first: name of the first attempt's run, if this is a later one.
    """

    def __init__(
        self,
        caller: Caller,
        listener: Listener,
        place: Place,
        client: Any,
        sent: Sent,
        order: Order,
        attempt: int,
        first: str,
    ) -> None:
        self._caller = caller
        self._listener = listener
        self._place = place
        self._client = client
        self.sent = sent
        self._order = order
        self._attempt = attempt
        self._first = first
        self._name = ""
        self._started = time.monotonic()
        self._stuck_since = self._stopping_since = 0.0

    def result(self) -> Result:
        """Return the result once the evidence is there, or the run is lost, stopped or given up."""
        handlers: dict[str, Callable[[Event], Result | None]] = {
            "started": self._on_started,
            "waits": self._on_waits,
            "cell": self._on_cell,
            "shown": self._on_shown,
            "finished": self._on_finished,
            "failed": self._on_failed,
            "given_up": self._on_given_up,
            "cancelled": self._on_cancelled,
        }
        while True:
            event = self._next()
            handle = handlers.get(event["event"]) if event and self._is_current(event) else None
            result = handle(event) if handle and event else None
            result = result or self._stopped_result() or (None if event else self._stuck_result())
            if result:
                return result

    def _next(self) -> Event | None:
        """Return the next event; without one for a while, the evidence itself is looked for."""
        if pending := self.sent.pending:
            self.sent.pending = None
            return pending
        seconds = STOPPING_LOOK_S if self._caller.is_stopping() else LOOK_S
        if event := self._listener.next(self.sent.run, seconds):
            return event
        for delivery in (2, 1):
            is_latest = delivery >= self.sent.delivery
            if is_latest and self._place.has_part(self.sent.run, delivery):
                return {"event": "finished", "attempt": delivery}
        return None

    def _run(self) -> str:
        """Return the run's name; its start is recorded with the first event of its worker."""
        if not self._name:
            self._name = self._caller.begin(self._order, self._attempt, self._first)
            self._started = time.monotonic()
        return self._name

    def _on_started(self, event: Event) -> Result | None:
        if self._is_another(event):
            return self._lose(event)
        self._take(event)
        return None

    def _on_waits(self, event: Event) -> Result | None:
        if self._is_another(event):
            return self._lose(event)
        self._take(event)
        self._caller.progress.waits(self._run(), str(event["reason"]))
        return None

    def _is_current(self, event: Event) -> bool:
        """Return whether an event is not that of a lost worker, which was suspended and goes on."""
        return int(event["attempt"]) >= self.sent.delivery

    def _is_another(self, event: Event) -> bool:
        return bool(self.sent.delivery) and event["attempt"] > self.sent.delivery

    def _take(self, event: Event) -> None:
        self.sent.delivery, self.sent.worker = event["attempt"], str(event["worker"])
        self._run()

    def _on_cell(self, event: Event) -> Result | None:
        self.sent.cell = int(event["cell"])
        self._caller.progress.cell(self._run(), self.sent.cell)
        return None

    def _on_shown(self, event: Event) -> Result | None:
        self._caller.progress.shown(self._run(), str(event["text"]))
        return None

    def _on_failed(self, event: Event) -> Result | None:
        """Return the error of a run without evidence, with the reason of its worker."""
        reason = f"its worker {event['worker']} failed: {event['reason']}"
        return self._end(Judgement(Verdict.ERROR, self.sent.cell, reason))

    def _on_given_up(self, event: Event) -> Result | None:
        return self._interrupt(GIVEN_UP)

    def _on_cancelled(self, event: Event) -> Result | None:
        """Return the result of a run that a worker took too late; Ctrl-C has its own."""
        if self._caller.is_stopping():
            return None
        return self._interrupt("no worker took it in time")

    def _on_finished(self, event: Event) -> Result | None:
        """Return the result of a run from its evidence in the shared place."""
        run, delivery = self._run(), int(event["attempt"])
        facts = {"task": self.sent.run, "delivery": delivery, "worker": self.sent.worker}
        with scratch_folder("part-") as scratch:
            part = scratch / "part"
            try:
                if not self._has_appeared(delivery, part):
                    raise EvidenceError(
                        "the worker has ended the run, and left no evidence in "
                        f"{self._place.url}; is it the same place for the worker and this command?"
                    )
                if (reason := refusal_in(part)) == GIVEN_UP:
                    return self._interrupt(GIVEN_UP)
                if reason:
                    return self._end(Judgement(Verdict.ERROR, None, reason))
                judgement, seconds = merge(self._caller.folder, run, part, **facts)
                judgement = compare_here(self._caller.folder, run, judgement, seconds)
            except (SecureNetObsError, ValueError, LookupError, OSError) as error:
                return self._end(Judgement(Verdict.ERROR, self.sent.cell, str(error)))
        self._caller.progress.finished(run, judgement, seconds)
        return Result(run, self._order, judgement, seconds, self._attempt)

    def _has_appeared(self, delivery: int, part: Path) -> bool:
        """Unpack the evidence of a start once it is there; return whether it is.

        The event can be here first: NFS, for one, keeps for a while that there is no such file.
        """
        return poll_until(
            lambda: self._place.get_part(self.sent.run, delivery, part),
            lambda is_here: is_here or self._caller.is_stopping(),
            deadline_s=APPEARS_S,
            interval_s=1.0,
        )

    def _lose(self, event: Event) -> Result:
        """Return the result of a lost run; another worker has started it again."""
        reason = f"its worker {self.sent.worker} was lost; {event['worker']} runs it again"
        result = self._interrupt(reason)
        self.sent = Sent(self.sent.run, self.sent.due_at, pending=event)
        return Result(
            result.run, self._order, result.judgement, result.seconds, self._attempt, is_lost=True
        )

    def _stopped_result(self) -> Result | None:
        """Return the result of a run that was interrupted here; a worker has time to end it."""
        if not self._caller.is_stopping():
            return None
        self._stopping_since = self._stopping_since or time.monotonic()
        if self._name and time.monotonic() - self._stopping_since < STOP_S:
            return None
        return self._interrupt(SIGNALLED)

    def _stuck_result(self) -> Result | None:
        """Return the result of a run that nothing will end any more."""
        if time.time() > self.sent.due_at + OVERDUE_S:
            return self._interrupt("no worker ended it in time")
        reason, most_s = self._problem()
        self._stuck_since = (self._stuck_since or time.monotonic()) if reason else 0.0
        if not reason or time.monotonic() - self._stuck_since < most_s:
            return None
        if self._name:
            return self._interrupt(reason)
        return self._end(Judgement(Verdict.UNREACHABLE, None, reason))

    def _problem(self) -> tuple[str, float]:
        """Return what keeps the run from its end, empty for nothing, and for how long it may."""
        try:
            if not living_workers(self._client):
                reason = refused_writes(self._client) or "no validation worker is alive"
                return reason, NO_WORKER_S
            if not has_messages(self._client):
                return "its message is not in Redis any more, and no worker has it", NO_WORKER_S
        except UnreachableError:
            return "the Redis of validations does not answer", AWAY_S
        return "", 0.0

    def _interrupt(self, reason: str) -> Result:
        """Return the result of an interrupted run, at the last cell that is known."""
        run = self._run()
        if self.sent.cell is not None:
            self._caller.folder.note("cell_started", run=run, cell=self.sent.cell)
        self._caller.folder.note("interrupted", run=run, reason=reason)
        return self._end(Judgement(Verdict.INTERRUPTED, self.sent.cell, reason))

    def _end(self, judgement: Judgement) -> Result:
        return self._caller.end(self._run(), self._order, self._attempt, self._started, judgement)
