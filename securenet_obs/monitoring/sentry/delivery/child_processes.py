"""Recognises multiprocessing's children, calls functions at their end, finds the ending error."""

import multiprocessing.util
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from multiprocessing import process
from typing import Any


def is_child() -> bool:
    """Return whether multiprocessing started this process; False while it imports its program."""
    return process.parent_process() is not None


def at_end_of_child(function: Callable[[], object]) -> None:
    """Call a function before each child leaves by `os._exit`, after its other finalizers.

    A forked child loses the finalizers of its parent, and registers the function anew; a spawned
    child imports the program, and registers it then.
    """
    _functions.append(function)
    multiprocessing.util.register_after_fork(function, _register)
    _register(function)


def ending_error() -> BaseException | None:
    """Return the exception that ends this child, if its `run` raised one.

    From Python 3.13 finalizers run after that exception was handled: it is kept before that.
    """
    return _errors[-1] if _errors else sys.exception()


def _keep_printed_error(print_exc: Callable[..., None]) -> Callable[..., None]:
    """Return `traceback.print_exc`, which also keeps an exception that multiprocessing prints.

    No other function of ours is called between the end of `run` and the finalizers of a child: a
    spawned one calls no hook before `run`, which subclasses replace, and may import this module
    in it.
    """

    @wraps(print_exc)
    def keep_and_print(*args: Any, **options: Any) -> None:
        caller = sys._getframe(1)
        if caller.f_code.co_name == "_bootstrap" and caller.f_globals is vars(process):
            _errors.append(sys.exception())
        print_exc(*args, **options)

    return keep_and_print


def _register(function: Callable[[], object]) -> None:
    multiprocessing.util.Finalize(None, _call_in_child, args=(function,), exitpriority=-1_000)


def _call_in_child(function: Callable[[], object]) -> None:
    if is_child():
        function()


_functions: list[Callable[[], object]] = []
"""multiprocessing itself keeps weak references only."""

_errors: list[BaseException | None] = []
"""Empty in a parent: only the end of a process itself fills it."""

traceback.print_exc = _keep_printed_error(traceback.print_exc)
