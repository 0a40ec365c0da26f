"""Starts a stack in the background, awaits its readiness; its supervisor stops it on SIGTERM.

The supervisor is `securenet-obs up` in a session of its own. Through a pipe it sends the caller
progress messages, then an error or that the stack is ready. If the caller is gone before that, the
supervisor takes everything down again at once, whatever it waits for.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from securenet_obs import errors
from securenet_obs.errors import SecureNetObsError, StackError
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import (
    OPTIONAL_PARTS,
    STOP_ORDER,
    LocalStack,
    StoreKind,
    make_already_running_error,
)
from securenet_obs.stack.restarts import serve_request
from securenet_obs.stack.state import (
    StackState,
    default_root,
    find_running_stack,
    format_stack_command,
    locate_stack_folder,
    read_status,
)
from securenet_obs.stack.state_files import explain_unwritable

STOP_S = 60.0
"""Seconds that an interrupted start has to take down the parts it started."""

_WATCH_S = 0.5
_ASK_S = 0.3


def start_detached(
    name: str,
    report: Callable[[str], None],
    store: StoreKind = "sqlite",
    *,
    validation_worker: bool = False,
) -> StackState:
    """Start a stack in the background, and return its state once every part is ready.

    Args:
        name: name of the stack.
        report: receives progress messages, one sentence at a time.
        store: database of the store.
        validation_worker: whether it has a worker for `validate --on celery`.

    Raises:
        PartNotReadyError: a part did not become ready; all started parts are stopped.
        StackError: see `LocalStack.start`, or the supervisor ended without a reason.
    """
    if find_running_stack(name) is not None:
        raise make_already_running_error(name)
    log = _locate_log(name)
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines:
        try:
            process = _start_supervisor(
                name, store, log, writing, validation_worker=validation_worker
            )
        finally:
            os.close(writing)
        try:
            _wait_until_ready(lines, report, log)
        except BaseException:  # Ctrl-C too: whatever ends the wait ends the stack
            _end_supervisor(process)
            raise
    state = find_running_stack(name)
    if state is None:
        raise StackError(f"The stack {name!r} ended as soon as it was ready; see {log}.")
    return state


def supervise(
    name: str, pipe: int, store: StoreKind = "sqlite", *, validation_worker: bool = False
) -> None:
    """Run as the supervisor: start the stack, announce it, keep it until SIGTERM or its end."""

    def report(sentence: str) -> None:
        _announce(pipe, report=sentence)

    stack = LocalStack(name, store=store, validation_worker=validation_worker, report=report)
    try:
        with _interrupt_without_reader(pipe):
            stack.start()
    except SecureNetObsError as error:
        _announce(pipe, error=type(error).__name__, message=str(error))
        raise
    try:
        if _announce(pipe, ready=stack.name):
            _keep(stack, pipe)
    finally:
        stack.stop()


def wait_for_stack(name: str, within_s: float) -> StackState:
    """Wait until every part of a stack is ready, and return its state.

    Raises:
        StackError: a part is not ready within `within_s` seconds; the message names it.
    """

    def observe() -> tuple[StackState | None, dict[str, bool]]:
        ready = {part.part: part.ready for part in read_status(name)}
        is_ready = set(STOP_ORDER) - OPTIONAL_PARTS <= set(ready) and all(ready.values())
        return find_running_stack(name) if is_ready else None, ready

    state, ready = poll_until(
        observe, lambda observed: observed[0] is not None, deadline_s=within_s, interval_s=_ASK_S
    )
    if state is None:
        raise StackError(_describe_not_ready(name, within_s, ready))
    return state


def _locate_log(name: str) -> Path:
    """Return the log file of a detached stack's supervisor; each part has a log of its own."""
    folder = locate_stack_folder(name, default_root())
    return folder.with_name(f"{folder.name}.log")


def _describe_not_ready(name: str, within_s: float, ready: Mapping[str, bool]) -> str:
    late = ", ".join(part for part, is_ready in ready.items() if not is_ready)
    if late:
        return f"The stack {name!r} is not ready after {within_s:g} s: {late}; see its logs."
    return (
        f"The stack {name!r} is not running after {within_s:g} s; start it with "
        f"`{format_stack_command('up --detach', name)}`."
    )


def _start_supervisor(
    name: str, store: StoreKind, log: Path, pipe: int, *, validation_worker: bool
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "securenet_obs", "up", "--name", name, "--store", store]
    command += ["--validation-worker"] * validation_worker
    with _open_log(log) as output:
        return subprocess.Popen(  # noqa: S603
            [*command, "--announce", str(pipe)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[pipe],
            start_new_session=True,
        )


def _open_log(log: Path) -> IO[bytes]:
    with explain_unwritable(log):
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return log.open("ab")


def _wait_until_ready(lines: IO[str], report: Callable[[str], None], log: Path) -> None:
    for message in _read_messages(lines):
        if "report" in message:
            report(message["report"])
        elif "error" in message:
            raise getattr(errors, message["error"])(message["message"])
        else:
            return
    raise StackError(f"The stack's supervisor ended before the stack was ready; see {log}.")


def _read_messages(lines: IO[str]) -> Iterator[dict[str, str]]:
    for line in lines:
        yield json.loads(line)


def _end_supervisor(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()  # the guard ends the parts


def _announce(pipe: int, **message: str) -> bool:
    """Send a message to the caller; return False if the caller is gone."""
    try:
        os.write(pipe, (json.dumps(message) + "\n").encode())
    except BrokenPipeError:
        return False
    return True


@contextmanager
def _interrupt_without_reader(pipe: int) -> Iterator[None]:
    """Interrupt the block, as SIGTERM does, as soon as nothing reads the pipe any longer."""
    finished = threading.Event()

    def watch() -> None:
        poller = select.poll()
        poller.register(pipe, 0)
        while not finished.is_set():
            # Without a reader there is an error to report, which is always asked for.
            if poller.poll(_WATCH_S * 1000):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
                return

    watcher = threading.Thread(target=watch, name="caller", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


def _keep(stack: LocalStack, pipe: int) -> None:
    os.close(pipe)
    with suppress(KeyboardInterrupt):
        while any(part.is_running() for part in stack.parts.values()):
            serve_request(stack)
            time.sleep(_WATCH_S)
