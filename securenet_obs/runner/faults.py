"""Errors of a cell that its reply does not report: noted in the kernel, judged in the run's child.

A cell fails by any of these, unless it is tagged `raises-exception`:

- its reply has the status `error`, as after a shell escape that exits with a status other than 0;
- IPython showed a traceback or a usage error for it, at whatever depth (`%run`, `%%capture`, a
  nested `run_cell`, a display method, a hook), also where that display was captured or replaced;
- it left an output of type `error`, also where that was cleared again;
- a thread or an asyncio task ended by an error that nothing handled.

An error counts for the cell during which it was noticed; after the last cell, for that one.
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
"""Key in a kernel's reply: the errors that it has noticed."""

MOST_FAULTS = 20
"""Errors that are kept of one cell: the first of them names the failure."""

LONGEST_MESSAGE = 1000
"""Characters of an error's message that are kept."""

UNNAMED = "NoneType"
"""What ipykernel calls an error of a display method: the cell itself has ended without one."""

BARE_THREAD = "Exception ignored in thread started by"
"""How Python introduces the error of a thread that `threading` has not started."""

ALLOWED = "raises-exception"
"""Tag of a cell whose error does not end the run."""


@dataclass(frozen=True)
class Fault:
    """One error: the name of its class, its message, and what reported it."""

    name: str
    message: str
    by: str

    @property
    def is_clean_exit(self) -> bool:
        """Whether it is a `sys.exit()` or `sys.exit(0)`."""
        return self.name == "SystemExit" and self.message in ("", "0", "None")

    def is_like(self, other: "Fault") -> bool:
        """Whether both report the same error."""
        return (self.name, self.message) == (other.name, other.message)


class Faults:
    """The errors that a kernel has noticed and not yet reported."""

    def __init__(self) -> None:
        self._rows: list[Fault] = []
        self._lock = threading.Lock()

    def note(self, error: BaseException | None, by: str) -> None:
        """Note an error once, whatever its text does."""
        if error is None:
            return
        fault = Fault(type(error).__name__, _message(error), by)
        with self._lock:
            if len(self._rows) < MOST_FAULTS and not any(map(fault.is_like, self._rows)):
                self._rows.append(fault)

    def take(self) -> list[dict[str, str]]:
        """Return what was noted since the last time, as JSON can hold it."""
        with self._lock:
            rows, self._rows = self._rows, []
        return [asdict(fault) for fault in rows]

    def watch_threads(self) -> None:
        """Note what ends a thread from here on; it is still printed as before."""
        self._watch_bare_threads()
        printed = threading.excepthook

        def noted(arguments: "threading.ExceptHookArgs") -> None:
            if arguments.exc_type is not SystemExit:
                self.note(arguments.exc_value, "thread")
            printed(arguments)

        threading.excepthook = noted

    def _watch_bare_threads(self) -> None:
        """Note what ends a thread of `_thread`, and nothing else that Python ignores."""
        printed = sys.unraisablehook

        def noted(arguments: "sys.UnraisableHookArgs") -> None:
            if (arguments.err_msg or "").startswith(BARE_THREAD):
                self.note(arguments.exc_value, "thread")
            printed(arguments)

        sys.unraisablehook = noted

    def watch_tasks(self) -> None:
        """Note what ends a task or a callback of any event loop, unless the loop has a handler."""
        printed = asyncio.BaseEventLoop.default_exception_handler

        def noted(loop: asyncio.BaseEventLoop, context: dict[str, Any]) -> None:
            # Not the context of a transport: a peer that went away is not an error of the cell.
            if {"future", "task", "handle"} & context.keys():
                self.note(context.get("exception"), "asyncio")
            printed(loop, context)

        asyncio.BaseEventLoop.default_exception_handler = noted  # type: ignore[method-assign, assignment]

    def watch_reloads(self) -> None:
        """Note the errors for which `%autoreload` keeps a module's old code; it logs them."""

        def noted(record: logging.LogRecord) -> bool:
            self.note(record.exc_info[1] if record.exc_info else None, "reload")
            return True

        logging.getLogger("autoreload").addFilter(noted)

    def note_unread_tasks(self) -> None:
        """Note the errors of tasks that have ended, are still referred to, and nothing awaited."""
        for thing in gc.get_objects():
            # `isinstance` would ask an object for its `__class__`, and a proxy may act on that.
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
    """Return the error that a cell failed with, if any, and the others that were swallowed.

    Args:
        reply: content of the kernel's reply.
        reported: what the kernel noted.
        shown: outputs of type `error`.
    """
    noticed = _distinct([*(Fault(**row) for row in reported), *shown])
    named = _of_reply(reply)
    if named is None or named.name == UNNAMED or named.is_clean_exit:
        # A clean exit does not hide what went wrong before it.
        named = next(iter(noticed), None) or named
    return named, [row for row in noticed if named and not row.is_like(named)]


def _of_reply(reply: Mapping[str, Any]) -> Fault | None:
    if reply["status"] == "ok":
        return None
    name = str(reply.get("ename", reply["status"]))
    return Fault(name, str(reply.get("evalue", ""))[:LONGEST_MESSAGE], "reply")


def _distinct(faults: Iterable[Fault]) -> list[Fault]:
    """Return each error once; a clean exit is the end of the notebook only where the reply has it.

    Below a cell (`run_cell`, `%prun`) it ends that code, and the cell goes on.
    """
    rows: list[Fault] = []
    for fault in faults:
        if not fault.is_clean_exit and not any(map(fault.is_like, rows)):
            rows.append(fault)
    return rows
