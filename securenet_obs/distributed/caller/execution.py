"""Executes a command's runs in validation workers; their evidence becomes the command's."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from securenet_obs.distributed.caller.following import Following, Sent
from securenet_obs.distributed.events import Listener
from securenet_obs.distributed.message import message_of
from securenet_obs.distributed.names import CANCELLED_KEY, RETENTION_S
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.plans import Plan, PlannedRun, longest_s, planned_runs
from securenet_obs.distributed.sending import send
from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.execution import Execution
from securenet_obs.runner.preflight import skip_reason
from securenet_obs.runner.record.order import Order, Result
from securenet_obs.runner.record.verdict import Judgement, verdict_for


@dataclass(frozen=True)
class Fleet:
    """Broker, shared place and project of a caller and its workers.

    Attributes:
        broker: URL of the validations' Redis.
        client: a client of it.
        place: shared place of evidence.
        root: project whose notebooks the workers have, too.
        several: whether other targets of the caller have the same broker.
    """

    broker: str
    client: Any
    place: Place
    root: Path
    several: bool = False


@dataclass
class DistributedExecution(Execution):
    """The runs of one command in validation workers, judged by the evidence that those wrote."""

    fleet: Fleet = field(kw_only=True)
    orders: Sequence[Order] = field(kw_only=True)
    retries: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        """Write the plan of the command, and listen to its runs.

        Raises:
            EvidenceError: the plan cannot be written to the shared place.
        """
        self._command = self.folder.path.name
        self._due_at = time.time() + longest_s(self.orders, self.retries)
        planned = planned_runs(self._command, self.orders)
        self._planned = {id(order): row for order, row in zip(self.orders, planned, strict=True)}
        self._runs: list[str] = [row.run for row in planned]
        self._sent: dict[int, Sent] = {}
        self._cancelling = threading.Lock()
        self._is_cancelled = False
        self._put_plan(planned)
        self._listener = Listener(self.fleet.client, self._command)
        self._send_ahead()

    def run(self, order: Order, attempt: int = 1, first: str = "") -> Result:
        """Have a worker run a notebook, and take its evidence over."""
        started = time.monotonic()
        try:
            sent = self._sent.pop(id(order), None) or self._send(order, attempt)
        except SecureNetObsError as error:
            run = self.begin(order, attempt, first)
            return self.end(run, order, attempt, started, _judgement_of(error))
        fleet = self.fleet
        following = Following(
            self, self._listener, fleet.place, fleet.client, sent, order, attempt, first
        )
        result = following.result()
        if result.is_lost:
            self._sent[id(order)] = following.sent
        return result

    def begin(self, order: Order, attempt: int, first: str) -> str:
        """Record the start of a run; return its name."""
        return self._open(order, attempt, first)

    def end(
        self, run: str, order: Order, attempt: int, started: float, judgement: Judgement
    ) -> Result:
        """Complete the evidence of a run that left none."""
        return self._finished(run, order, attempt, started, judgement)

    def is_stopping(self) -> bool:
        """Return whether the command was interrupted; the workers know it then."""
        if self.stop.is_set():
            self._cancel()
        return self.stop.is_set()

    def publish(self, folder: Path) -> None:
        """Write the closed evidence to the shared place, too.

        Raises:
            EvidenceError: it cannot be written.
        """
        self._listener.close()
        self.fleet.place.publish(self._command, folder, self._runs)

    def _put_plan(self, planned: list[PlannedRun]) -> None:
        opened = {
            name: value
            for name, value in self.folder.record().opened.items()
            if name not in ("at", "event")
        }
        plan = Plan(self._command, opened, planned, self._due_at, scheduled=False)
        self.fleet.place.put_plan(self._command, plan.as_json())

    def _send_ahead(self) -> None:
        """Send the runs that need not wait for others, in their order; workers take them so."""
        for order in self.orders:
            declared = order.notebook.declared
            if not declared.exclusive and not skip_reason(declared, self.target):
                # What fails is tried again, and judged, when it is its turn.
                with suppress(SecureNetObsError):
                    self._sent[id(order)] = self._send(order, 1)

    def _send(self, order: Order, attempt: int) -> Sent:
        """Send a run; each retry is a run of its own.

        Raises:
            SecureNetObsError: the order cannot be sent, or the broker does not take it.
        """
        run = self._planned[id(order)].run + (f"r{attempt}" if attempt > 1 else "")
        if run not in self._runs:
            self._runs.append(run)
        root, target = self.fleet.root, self.target
        named = (order, root, target, self._command, run, self._due_at)
        message = message_of(*named, several=self.fleet.several)
        self._listener.register(run)
        send(self.fleet.broker, message)
        return Sent(run, self._due_at)

    def _cancel(self) -> None:
        """Have the workers stop the command's runs, and start no others."""
        with self._cancelling:
            if self._is_cancelled:
                return
            self._is_cancelled = True
        try:
            self.fleet.client.set(CANCELLED_KEY.format(command=self._command), 1, ex=RETENTION_S)
        except (RedisError, OSError):
            return  # They end at their deadlines.


@dataclass
class UnstartedExecution(Execution):
    """The runs of a command that an error kept from starting: each has its verdict."""

    error: SecureNetObsError = field(kw_only=True)

    def run(self, order: Order, attempt: int = 1, first: str = "") -> Result:
        """Record a run with the error as its reason; send nothing."""
        started = time.monotonic()
        run = self._open(order, attempt, first)
        return self._finished(run, order, attempt, started, _judgement_of(self.error))


def _judgement_of(error: SecureNetObsError) -> Judgement:
    return Judgement(verdict_for(error), None, str(error))
