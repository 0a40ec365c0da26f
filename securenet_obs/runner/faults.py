"""Collects the errors of a cell that its reply omits, and determines whether the cell failed.

The kernel collects the errors; the run's child process judges them. A cell fails on any of these
conditions, unless it is tagged `raises-exception`:

- its reply has the status `error`, as after a shell escape with a nonzero exit status;
- IPython showed a traceback or a usage error for it, at any depth (`%run`, `%%capture`, a nested
  `run_cell`, a display method, a hook), even if that display was captured or replaced;
- it produced an output of type `error`, even if that was cleared again;
- a thread or an asyncio task ended with an unhandled error.

An error counts for the cell during which it was noticed; after the last cell, for the last cell.
"""

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

FAULTS = "securenet_obs_faults"
"""Key of the noticed errors in a kernel's reply."""

MOST_FAULTS = 20
"""Maximum number of errors kept per cell; the first one names the failure."""

LONGEST_MESSAGE = 1000
"""Maximum length of an error's message, in characters."""

UNNAMED = "NoneType"
"""Error name that ipykernel reports for a failed display method; the cell's own code succeeded."""

BARE_THREAD = "Exception ignored in thread started by"
"""Start of Python's message about an error in a thread that `threading` has not started."""

ALLOWED = "raises-exception"
"""Tag of a cell whose error does not end the run."""


@dataclass(frozen=True)
class Fault:
    """One error: the name of its class, its message, and its source."""

    name: str
    message: str
    by: str

    @property
    def is_clean_exit(self) -> bool:
        """Whether the error is a `sys.exit()` or `sys.exit(0)`."""
        return self.name == "SystemExit" and self.message in ("", "0", "None")

    def is_like(self, other: "Fault") -> bool:
        """Return whether both report the same error."""
        return (self.name, self.message) == (other.name, other.message)


class Faults:
    """The errors that a kernel has noticed and not yet reported."""

    def __init__(self) -> None:
        self._rows: list[Fault] = []
        self._lock = threading.Lock()

    def note(self, error: BaseException | None, by: str) -> None:
        """Note an error once, even if its text cannot be read."""
        if error is None:
            return
        fault = Fault(type(error).__name__, _message(error), by)
        with self._lock:
            if len(self._rows) < MOST_FAULTS and not any(map(fault.is_like, self._rows)):
                self._rows.append(fault)

    def take(self) -> list[dict[str, str]]:
        """Return and clear the noted errors, as JSON objects."""
        with self._lock:
            rows, self._rows = self._rows, []
        return [asdict(fault) for fault in rows]

    def watch_threads(self) -> None:
        """Note the errors that end threads from here on; they are still printed as before."""
        self._watch_bare_threads()
        printed = threading.excepthook

        def noted(arguments: "threading.ExceptHookArgs") -> None:
            if arguments.exc_type is not SystemExit:
                self.note(arguments.exc_value, "thread")
            printed(arguments)

        threading.excepthook = noted

    def _watch_bare_threads(self) -> None:
        """Note the errors that end threads of `_thread`, but no other error that Python ignores."""
        printed = sys.unraisablehook

        def noted(arguments: "sys.UnraisableHookArgs") -> None:
            if (arguments.err_msg or "").startswith(BARE_THREAD):
                self.note(arguments.exc_value, "thread")
            printed(arguments)

        sys.unraisablehook = noted

    def watch_tasks(self) -> None:
        """Note the errors of tasks and callbacks of any event loop without a handler of its own."""
        printed = asyncio.BaseEventLoop.default_exception_handler

        def noted(loop: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
            # Errors of a transport are left out: a lost peer is not an error of the cell.
            if {"future", "task", "handle"} & context.keys():
                self.note(context.get("exception"), "asyncio")
            printed(loop, context)

        asyncio.BaseEventLoop.default_exception_handler = noted  # type: ignore[method-assign, assignment]

    def watch_reloads(self) -> None:
        """Note the errors for which `%autoreload` keeps a module's old code; it only logs them."""

        def noted(record: logging.LogRecord) -> bool:
            self.note(record.exc_info[1] if record.exc_info else None, "reload")
            return True

        logging.getLogger("autoreload").addFilter(noted)

    def note_unread_tasks(self) -> None:
        """Note the errors of ended tasks that are still referenced and were never awaited."""
        for thing in gc.get_objects():
            # `isinstance` reads an object's `__class__`, which may run a proxy's code.
            if issubclass(type(thing), asyncio.Future) and getattr(thing, "_log_traceback", False):
                self.note(thing.exception(), "asyncio")


def _message(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST_MESSAGE]
    except Exception as raised:  # noqa: BLE001 - whatever a notebook's own class raises
        return f"its text cannot be shown: {type(raised).__name__}"


def failure(
    reply: Mapping[str, Any], reported: Iterable[Mapping[str, str]], shown: Iterable[Fault]
) -> tuple[Fault | None, list[Fault]]:
    """Return the error that failed a cell, if any, and the other errors, which were swallowed.

    Args:
        reply: content of the kernel's reply.
        reported: errors that the kernel noted.
        shown: outputs of type `error`.
    """
    noticed = _distinct([*(Fault(**row) for row in reported), *shown])
    named = _of_reply(reply)
    if named is None or named.name == UNNAMED or named.is_clean_exit:
        # A clean exit does not hide an earlier error.
        named = next(iter(noticed), None) or named
    return named, [row for row in noticed if named and not row.is_like(named)]


def _of_reply(reply: Mapping[str, Any]) -> Fault | None:
    if reply["status"] == "ok":
        return None
    name = str(reply.get("ename", reply["status"]))
    return Fault(name, str(reply.get("evalue", ""))[:LONGEST_MESSAGE], "reply")


def _distinct(faults: Iterable[Fault]) -> list[Fault]:
    """Return each error once, without clean exits: only one in the reply ends the notebook.

    In nested code (`run_cell`, `%prun`) a clean exit ends that code, and the cell continues.
    """
    rows: list[Fault] = []
    for fault in faults:
        if not fault.is_clean_exit and not any(map(fault.is_like, rows)):
            rows.append(fault)
    return rows
