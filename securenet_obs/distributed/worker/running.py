"""Runs one message in a validation worker: counts the start, holds the target, writes the part."""

import functools
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import RedisError

from securenet_obs.distributed.connection import connect, run_variables
from securenet_obs.distributed.events import Publisher, telling_failures
from securenet_obs.distributed.log_schemas import keep_schema, with_last_schema
from securenet_obs.distributed.merging import GIVEN_UP, write_refusal
from securenet_obs.distributed.message import Message
from securenet_obs.distributed.names import ATTEMPTS_KEY, CANCELLED_KEY, RETENTION_S
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.target_lease import target_lease
from securenet_obs.errors import SecureNetObsError, SettingsError, StackError
from securenet_obs.processes.scratch import scratch_folder
from securenet_obs.runner.command import Command, Outcome
from securenet_obs.runner.kernel.forked import StartingServer, started_server
from securenet_obs.runner.kernel.warm import available
from securenet_obs.runner.notebook.catalog import find_secret_names
from securenet_obs.runner.notebook.roots import default_root
from securenet_obs.runner.preflight import Demand, preflight
from securenet_obs.runner.record.order import Order
from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import Target, environment_target, target_from_file
from securenet_obs.stack.state import find_stack_of

MAX_ATTEMPTS = 2
"""Starts of a run: one, and another one after its worker was lost."""

WATCH_S = 1.0

LATE = "the time of its command was over"
"""Reason of a run that was stopped so that its command can be closed."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WorkerRun:
    """Executes messages in this process.

    Attributes:
        broker: URL of the validations' Redis.
        place: shared place of evidence.
        targets: folder of the targets' env files; None if this process's variables are the target.
        worker: name of the worker.
    """

    broker: str
    place: Place
    targets: Path | None
    worker: str

    def execute(self, message: Message) -> list[RunRecord]:
        """Run the message's notebook, once, and write its evidence to the shared place.

        Returns:
            The run; none if it was refused, cancelled, or started too often.

        Raises:
            EvidenceError: the evidence cannot be written to the shared place.
            RedisError: the start cannot be counted.
        """
        client = connect(self.broker)
        attempt = _count_start(client, message.run)
        events = Publisher(client, message.command, message.run, attempt, self.worker)
        with telling_failures(events), scratch_folder("validation-") as scratch:
            folder = scratch / "evidence"
            if attempt > MAX_ATTEMPTS:
                events.send("given_up")
                # Its command need not stay open until its time is over. A worker that was lost
                # behind its run has left evidence, which stays.
                if not self.place.has_part(message.run, MAX_ATTEMPTS):
                    write_refusal(folder, GIVEN_UP)
                    self.place.put_part(message.run, MAX_ATTEMPTS, folder)
                return []
            runs: list[RunRecord] = []
            try:
                runs = self._run(client, message, events, folder)
            except SecureNetObsError as error:
                _log.warning("validation_refused", run=message.run, reason=str(error))
                write_refusal(folder, str(error))
            if not folder.exists():
                events.send("cancelled")
                return []
            self.place.put_part(message.run, attempt, folder)
        events.send("finished")
        return runs

    def _run(
        self, client: Any, message: Message, events: Publisher, folder: Path
    ) -> list[RunRecord]:
        """Run the notebook as a command of its own; leave nothing if the run was cancelled.

        Raises:
            SecureNetObsError: the run cannot begin.
        """
        target = self._target(message)
        order = message.order(default_root())
        preflight([Demand.of(order)], target)
        with (
            _stopping(client, message) as stop,
            target_lease(
                client,
                target.environment,
                message.identity(order),
                f"{order.notebook.name} on {self.worker}",
                exclusive=order.notebook.declared.exclusive,
                stop=stop,
                on_wait=lambda reason: events.send("waits", reason=reason),
            ),
        ):
            if stop.is_set():
                return []
            target = replace(target, environment=run_variables(target.environment))
            order = with_last_schema(client, target, order, folder.parent)
            outcome = self._command(order, target, events, folder, stop)
            keep_schema(client, target, order, outcome.folder, outcome.runs)
            return outcome.runs

    def _command(
        self, order: Order, target: Target, events: Publisher, folder: Path, stop: Stop
    ) -> Outcome:
        command = Command(target, folder, events, warm=_warm_socket(), stop=stop)
        outcome = command.run([order])
        _log.info("validation_run", notebook=order.notebook.name, verdict=str(outcome.verdict))
        return outcome

    def _target(self, message: Message) -> Target:
        """Return the message's target as this worker knows it.

        Raises:
            SettingsError: the worker does not know it, or knows another one by this name.
        """
        if self.targets is None and message.several:
            raise SettingsError(
                "The worker knows the target of its own variables alone, and its queue has runs "
                "against several: set VALIDATION_TARGETS, a folder with the env file of each, such "
                f"as {message.target}.env."
            )
        if self.targets is None or not message.target:
            target = own_target()
        else:
            file = self.targets / f"{Path(message.target).name}.env"
            target = target_from_file(file, _secret_names(default_root().resolve()))
        for name, text in message.facts.items():
            mine = target.environment.get(name)
            if mine and mine != text:
                raise SettingsError(
                    f"{name} is {mine} for the worker and {text} for the caller: they are not of "
                    "the same target."
                )
        return target


@functools.cache
def _secret_names(root: Path) -> frozenset[str]:
    """Return the secrets that an env file sets for a project's notebooks; a release has its own."""
    return frozenset(find_secret_names(root))


def own_target() -> Target:
    """Return the target of this process's variables; in the worker of a stack, that stack."""
    target = environment_target()
    try:
        stack = find_stack_of(target.environment)
    except StackError:
        # Its logs are here, in a container for instance; a worker of its own may write its folder.
        stack = None
    return replace(target, name=f"local stack {stack.name}", local=True) if stack else target


def _count_start(client: Any, run: str) -> int:
    """Count a start of a run, and return its number."""
    key = ATTEMPTS_KEY.format(run=run)
    with client.pipeline() as pipe:
        number, _ = pipe.incr(key).expire(key, RETENTION_S).execute()
    return int(number)


@contextmanager
def _stopping(client: Any, message: Message) -> Iterator[Stop]:
    """Yield an event that is set once the caller has cancelled the command, or the run is late."""
    stop, ended = Stop(), threading.Event()
    key = CANCELLED_KEY.format(command=message.command)

    def watch() -> None:
        while not (stop.is_set() or ended.wait(WATCH_S)):
            if time.time() > message.due_at:
                stop.because(LATE)
            elif _exists(client, key):
                stop.set()

    if time.time() > message.due_at or _exists(client, key):
        stop.set()
    thread = threading.Thread(target=watch, name="validation-watch", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        ended.set()
        thread.join()


def _exists(client: Any, key: str) -> bool:
    try:
        return bool(client.exists(key))
    except (RedisError, OSError):
        return False


def _warm_socket() -> str:
    """Return the socket of this process's server of warm kernels; empty if there is none here.

    One that has ended is replaced: the system kills it where memory is short, and every run of
    this process would be an error. It ends with this process, by the end of its standard input.
    """
    if not available():
        return ""
    if _server().has_ended():
        _server.cache_clear()
        _SERVERS.close()
    return _server()()


@functools.cache
def _server() -> StartingServer:
    return _SERVERS.enter_context(started_server())


_SERVERS = ExitStack()
"""Keeps the server for as long as this process lives."""
