"""Patches the SDK's own functions that read and raise exceptions, in all of its imported modules.

The SDK reads attributes of the exception itself, which may answer anything or raise: its event is
lost then, and the error of the attribute reaches business code. `install` replaces these functions,
so that the SDK's integrations and `sentry_sdk.capture_exception` use those of this package, too.
"""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

from securenet_obs.monitoring.foreign_objects import traceback_of
from securenet_obs.monitoring.sentry.events.exceptions.conversion import (
    exc_info_of,
    exception_values,
)


def install() -> None:
    """Replace the SDK's reading and raising of exceptions in its imported modules.

    Upstream: no issue known (searched 2026-11-26). It can go when the SDK reads an exception by the
    descriptors of `BaseException`.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("sentry_sdk."):
            for replaced, function in _REPLACED.items():
                if replaced in vars(module):
                    setattr(module, replaced, function)


def _raise_again(_: object, error: BaseException, trace: TracebackType | None = None) -> NoReturn:
    """Raise an exception with its traceback, although it may refuse attributes."""
    if traceback_of(error) is not trace:
        BaseException.with_traceback(error, trace)
    raise error


_REPLACED: dict[str, Callable[..., Any]] = {
    "exc_info_from_error": exc_info_of,
    "exceptions_from_error_tuple": exception_values,
    "reraise": _raise_again,
}
"""Functions of `sentry_sdk.utils`, and their replacements."""
