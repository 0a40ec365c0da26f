"""Restarts of parts and rotations of keys: requested by a process, done by the stack's owner."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.errors import PartNotReadyError, StackError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.dead_parts import RESTARTABLE
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.state import (
    StackState,
    default_root,
    find_running_stack,
    format_stack_command,
    locate_stack_folder,
)

ANSWER_S = 90.0
"""Seconds in which the owner must have done what is requested: a part's end and start, too."""

SERVE_S = 0.2
"""Seconds between two looks for a request."""

_REQUEST = "request.json"
_ANSWER = "answer.json"


def request_restart(part: str, stack: str, root: Path | None = None) -> StackState:
    """Restart a part of a running stack, wait until it is ready, and return the stack's state.

    Raises:
        StackError: the stack is not running or its owner does not answer, or the part cannot be
            restarted.
        PartNotReadyError: the part did not become ready.
    """
    state = _find_running(stack, root)
    if part not in RESTARTABLE:
        raise StackError(f"{part!r} cannot be restarted alone; {', '.join(RESTARTABLE)} can.")
    problem = _request({"part": part}, f"restart {part}", stack, root)
    if problem:
        raise PartNotReadyError(problem)
    return find_running_stack(stack, root) or state


def request_rotation(tenant: str, stack: str, root: Path | None = None) -> None:
    """Give a tenant another key in the API_KEYS of a running stack, and revoke the one before.

    Raises:
        StackError: the stack is not running or its owner does not answer, or the tenant has no key.
    """
    _find_running(stack, root)
    problem = _request({"tenant": tenant}, f"rotate the key of {tenant}", stack, root)
    if problem:
        raise StackError(problem)


def _find_running(stack: str, root: Path | None) -> StackState:
    state = find_running_stack(stack, root)
    if state is None:
        raise StackError(
            f"The stack {stack!r} is not running; start it with "
            f"`{format_stack_command('up', stack)}`."
        )
    return state


def _request(request: dict[str, str], does: str, stack: str, root: Path | None) -> str:
    """Hand a request to the owner of a stack; return its problem, empty if it is done."""
    folder = locate_stack_folder(stack, root or default_root())
    (folder / _ANSWER).unlink(missing_ok=True)
    _write(folder / _REQUEST, request)
    answer = poll_until(lambda: _read(folder / _ANSWER), deadline_s=ANSWER_S)
    (folder / _REQUEST).unlink(missing_ok=True)
    if answer is None:
        raise StackError(
            f"The owner of the stack {stack!r} did not {does} within {ANSWER_S:g} s; only "
            f"`{format_stack_command('up', stack)}` does."
        )
    return answer["problem"]


def serve_request(stack: LocalStack) -> str:
    """Execute another process's request; return its part or tenant, empty for no request."""
    request = _read(stack.folder / _REQUEST)
    if request is None:
        return ""
    (stack.folder / _REQUEST).unlink(missing_ok=True)
    problem = ""
    try:
        if "part" in request:
            stack.restart_part(request["part"])
        else:
            stack.rotate_key(request["tenant"])
    except StackError as error:
        problem = str(error)
    _write(stack.folder / _ANSWER, {"problem": problem})
    return next(iter(request.values()))


@contextmanager
def serving_requests(stack: LocalStack) -> Iterator[None]:
    """Serve requests in a thread during the block; start and stop no part meanwhile.

    Only the thread may restart parts then: a stack does not exclude its callers.
    """
    over = threading.Event()

    def serve() -> None:
        while not over.wait(SERVE_S):
            serve_request(stack)

    thread = threading.Thread(target=serve, name="requests")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _read(path: Path) -> dict[str, str] | None:
    try:
        content: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content


def _write(path: Path, content: dict[str, str]) -> None:
    replace_file(path, json.dumps(content).encode(), mode=0o600, to_disk=False)
