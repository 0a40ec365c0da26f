"""Fault of a release for runbooks: an API that fails at one endpoint, under load."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from securenet_obs.drills.load import Load
from securenet_obs.errors import StackError
from securenet_obs.probes.logs.outcomes import count_failures, read_outcomes
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.part import Part

BROKEN = "securenet@0.1.1"
"""Release of the API that fails."""

# It must not be imported here: Python would warn on its log that it is both imported and run.
_PROGRAM = "securenet_obs.drills.incidents.programs.failing_release"

_BEFORE = 20
"""Batches that the former release accepts."""

_FAILURES = 12
_DEADLINE_S = 60.0
_EVERY_S = 0.1


@contextmanager
def release_broken_api(stack: LocalStack) -> Iterator[None]:
    """Replace the API by a release that fails at every other batch, while batches arrive.

    Raises:
        StackError: it does not fail often enough within a minute.
    """
    load = Load(stack.environment)
    over = threading.Event()
    # One by one: at once, so many batches keep the store busy, and some are refused.
    load.trickle(_BEFORE, over, 0.0)
    broken = _start_broken(stack)
    sender = threading.Thread(
        target=load.trickle, args=(1_000_000, over, _EVERY_S), name="submissions"
    )
    sender.start()
    try:
        _wait_for_failures(str(broken.log))
        yield
    finally:
        over.set()
        sender.join()
        if stack.parts["api"] is broken:
            stack.restart_part("api")


def _start_broken(stack: LocalStack) -> Part:
    """Start the broken release with the arguments of the API's own command after `-m uvicorn`."""
    arguments = stack.parts["api"].command[3:]
    return stack.restart_part(
        "api",
        {"SENTRY_RELEASE": BROKEN},
        [sys.executable, "-m", _PROGRAM, *arguments],
    )


def _wait_for_failures(log: str) -> None:
    def count() -> int:
        return count_failures(row for row in read_outcomes(log) if row.release == BROKEN).failed

    if poll_until(count, lambda failed: failed >= _FAILURES, deadline_s=_DEADLINE_S) < _FAILURES:
        raise StackError(
            f"The API has not failed {_FAILURES} times in {_DEADLINE_S:g} s; see {log}."
        )
