"""Hooks of the interpreter: warnings and uncaught exceptions become log lines."""

import sys
import threading
import warnings
from types import TracebackType
from typing import Any

import structlog

from securenet_obs.monitoring.foreign_objects import text_of, type_name


def install_hooks() -> None:
    """Log warnings, and uncaught exceptions in the interpreter, a thread or a destructor."""
    log = structlog.get_logger("securenet_obs.uncaught")

    def log_uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            log.warning("interrupted")
        else:
            log.critical("uncaught_exception", exc_info=(kind, error, trace))

    def log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread else None
        if args.exc_value is not None:
            log.error("uncaught_exception_in_thread", thread=name, exc_info=args.exc_value)

    def log_unraisable(args: Any) -> None:
        log.error("unraisable_exception", where=args.err_msg, exc_info=args.exc_value)

    def show_warning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,
        line: object = None,
    ) -> None:
        location = {"category": type_name(category), "filename": filename, "lineno": lineno}
        text = " ".join(text_of(message).split())
        structlog.get_logger("py.warnings").warning(text, **location)

    warnings.showwarning = show_warning
    sys.excepthook = log_uncaught
    threading.excepthook = log_uncaught_in_thread
    sys.unraisablehook = log_unraisable
