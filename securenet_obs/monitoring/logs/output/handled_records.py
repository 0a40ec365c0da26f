"""Recognises frames that print a log record which a `LineHandler` (base class here) also writes."""

import logging
from types import FrameType
from typing import Any

_EMIT = logging.StreamHandler.emit.__code__
_CALL_HANDLERS = logging.Logger.callHandlers.__code__


class LineHandler(logging.Handler):
    """Base class of the handler that converts records to lines."""


def is_handled(writer: FrameType | None) -> bool:
    """Return whether a frame prints a record that also reaches a `LineHandler`.

    A server or a library may add a handler of its own, for stdout or stderr, after the start.

    Args:
        writer: frame that calls the `write` of the stream, None if the interpreter does.
    """
    if writer is None or writer.f_code is not _EMIT:
        return False
    frame: Any = writer.f_back and writer.f_back.f_back
    if frame is None or frame.f_code is not _CALL_HANDLERS:
        return False
    return _reaches_lines(frame.f_locals["self"], frame.f_locals["record"])


def _reaches_lines(logger: logging.Logger | None, record: logging.LogRecord) -> bool:
    while logger is not None:
        for handler in logger.handlers:
            if issubclass(type(handler), LineHandler) and record.levelno >= handler.level:
                return True
        logger = logger.parent if logger.propagate else None
    return False
