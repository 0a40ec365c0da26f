"""Recognises the children that multiprocessing starts, and calls functions at their end."""

import multiprocessing.process
import multiprocessing.util
from collections.abc import Callable


def is_child() -> bool:
    """Return whether multiprocessing started this process; False while it imports its program."""
    return multiprocessing.process.parent_process() is not None


def at_end_of_child(function: Callable[[], object]) -> None:
    """Call a function before each child leaves by `os._exit`, after its other finalizers.

    A forked child loses the finalizers of its parent, and registers the function anew; a spawned
    child imports the program, and registers it then.
    """
    _functions.append(function)
    multiprocessing.util.register_after_fork(function, _register)
    _register(function)


def _register(function: Callable[[], object]) -> None:
    multiprocessing.util.Finalize(None, _call_in_child, args=(function,), exitpriority=-1_000)


def _call_in_child(function: Callable[[], object]) -> None:
    if is_child():
        function()


_functions: list[Callable[[], object]] = []
"""multiprocessing itself keeps weak references only."""
