"""Recognises multiprocessing's children, calls functions at their end, finds the ending error."""

import multiprocessing.process
import multiprocessing.util
import sys
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


def ending_error() -> BaseException | None:
    """Return the exception that ends this child, if its `run` raised one.

    From Python 3.13 finalizers run after that exception was handled: it is kept before that.
    """
    return _errors[-1] if _errors else sys.exception()


def _keep_error(_: object) -> None:
    """Keep the exception that this child's `run` raises."""
    process = multiprocessing.current_process()
    run = process.run
    _errors.clear()

    def run_and_keep_error() -> None:
        try:
            run()
        except BaseException as error:
            _errors.append(error)
            raise

    process.run = run_and_keep_error  # type: ignore[method-assign]


def _register(function: Callable[[], object]) -> None:
    multiprocessing.util.Finalize(None, _call_in_child, args=(function,), exitpriority=-1_000)


def _call_in_child(function: Callable[[], object]) -> None:
    if is_child():
        function()


_functions: list[Callable[[], object]] = []
"""multiprocessing itself keeps weak references only."""

_errors: list[BaseException] = []

multiprocessing.util.register_after_fork(ending_error, _keep_error)
