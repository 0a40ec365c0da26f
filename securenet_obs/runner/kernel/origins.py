"""Patches threading and asyncio to attribute threads, tasks and callbacks to their cells.

The errors of a cell that is tagged `raises-exception` are allowed; those of work that an earlier
cell has left behind are not its own.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

_TURN: ContextVar[int | None] = ContextVar("securenet_obs_turn", default=None)
"""Number of the cell in whose context code runs; tasks and callbacks copy that context."""

_STARTED_IN = "_securenet_obs_turn"
"""Attribute of a thread: the same number, for threads begin with an empty context."""


class Origins:
    """Distinguishes work that the running cell started from work of earlier cells."""

    def __init__(self) -> None:
        self._turn = 0
        # Numbers of the cell's objects; a later object may have the number of one that is gone.
        self._futures: set[int] = set()

    def begin(self) -> None:
        """Begin another cell; the caller runs in its context."""
        self._turn += 1
        _TURN.set(self._turn)
        self._futures.clear()

    def is_here(self) -> bool:
        """Return whether the code that runs was started by the cell that runs."""
        return self._number() == self._turn

    def is_of(self, context: Mapping[str, Any]) -> bool:
        """Return whether the running cell started the work that an event loop reports."""
        future = context.get("task", context.get("future"))
        if future is not None:
            return id(future) in self._futures
        handle = context.get("handle")
        number = None if handle is None else handle._context.get(_TURN)
        return (self._number() if number is None else number) == self._turn

    def watch(self) -> None:
        """Record the cell that starts each thread, task and future from now on."""
        start = threading.Thread.start

        def started(thread: threading.Thread) -> None:
            setattr(thread, _STARTED_IN, self._number())
            start(thread)

        threading.Thread.start = started  # type: ignore[method-assign, assignment]
        for name in ("create_task", "create_future"):
            original = getattr(asyncio.BaseEventLoop, name)
            setattr(asyncio.BaseEventLoop, name, self._recording_origin(original))

    def _recording_origin(self, create: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            future = create(*arguments, **options)
            if self.is_here():
                self._futures.add(id(future))
            else:
                self._futures.discard(id(future))  # that of one of this cell which is gone
            return future

        return noted

    def _number(self) -> int | None:
        number = _TURN.get()
        return getattr(threading.current_thread(), _STARTED_IN, None) if number is None else number
