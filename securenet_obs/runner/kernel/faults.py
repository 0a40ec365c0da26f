"""Collects the errors of a notebook's code in its kernel, by hooks: also what replies omit.

An error counts for the cell during which it was noticed; after the last cell, for the last cell. It
is the cell's own unless it comes from a thread, a task or a callback that an earlier cell started.
The run's child process judges the errors (`runner/child/failures.py`).
"""

import asyncio
import gc
import logging
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any

from securenet_obs.runner.kernel.origins import Origins

FAULTS = "securenet_obs_faults"
"""Key of the noticed errors in a kernel's reply."""

MAX_FAULTS = 20
"""Maximum number of errors kept per cell; the first one names the failure."""

MAX_MESSAGE_LENGTH = 1000
"""Maximum length of an error's message, in characters."""

BARE_THREAD = "Exception ignored in thread started by"
"""Start of Python's message about an error in a thread that `threading` has not started."""

LOGGERS = ("autoreload", "concurrent.futures", "tornado.application")
"""Loggers of libraries that catch an error of the notebook's code, log it, and go on.

A module that `%autoreload` keeps as it was; a callback of a future, or the initialiser of a pool;
a callback of the kernel's event loop.
"""


@dataclass(frozen=True)
class Fault:
    """One error: the name of its class, its message, and its source.

    It is from the background if work that an earlier cell started caused it.
    """

    name: str
    message: str
    by: str
    background: bool = False

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
        self.origins = Origins()
        self._rows: list[Fault] = []
        self._lock = threading.Lock()

    def note(self, error: BaseException | None, by: str, *, own: bool | None = None) -> None:
        """Note an error once, even if its text cannot be read.

        Args:
            error: the error, if there is one.
            by: its source.
            own: whether the cell itself caused it; by default this depends on the calling code.
        """
        if error is None:
            return
        own = self.origins.is_here() if own is None else own
        fault = Fault(type(error).__name__, _message(error), by, background=not own)
        with self._lock:
            alike = [row for row in self._rows if row.background is fault.background]
            if len(self._rows) < MAX_FAULTS and not any(map(fault.is_like, alike)):
                self._rows.append(fault)

    def take(self) -> list[dict[str, Any]]:
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
            error = context.get("exception")
            # A lost peer is not an error of the cell.
            if not (isinstance(error, OSError) and {"transport", "socket"} & context.keys()):
                self.note(error, "asyncio", own=self.origins.is_of(context))
            printed(loop, context)

        asyncio.BaseEventLoop.default_exception_handler = noted  # type: ignore[method-assign, assignment]

    def watch_loggers(self) -> None:
        """Note the errors that the libraries of `LOGGERS` catch and only log."""

        def noted(record: logging.LogRecord) -> bool:
            self.note(record.exc_info[1] if record.exc_info else None, record.name)
            return True

        for name in LOGGERS:
            logging.getLogger(name).addFilter(noted)

    def note_unread_tasks(self) -> None:
        """Note the errors of ended tasks that are still referenced and were never awaited."""
        for thing in gc.get_objects():
            # `isinstance` reads an object's `__class__`, which may run a proxy's code.
            if issubclass(type(thing), asyncio.Future) and getattr(thing, "_log_traceback", False):
                self.note(thing.exception(), "asyncio", own=self.origins.is_of({"future": thing}))


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE_LENGTH]
    except Exception as raised:  # noqa: BLE001 - whatever a notebook's own class raises
        return f"its text cannot be shown: {type(raised).__name__}"
