"""structlog's filtering bound logger, with short methods that never raise."""

import logging
from collections.abc import Callable
from typing import Any

import structlog

from securenet_obs.monitoring.logs.message import message

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_SYNONYMS = {"warn": "warning", "fatal": "critical", "msg": "info"}


def bound_logger(level: int) -> type[Any]:
    """Return the class of our loggers, with methods that do nothing below `level`.

    Unlike structlog's own, a method accepts any field name, including `event` and `self`, and
    arguments that do not match its message.
    """
    methods = {
        name: _method(name) if severity >= level else _nothing for name, severity in _LEVELS.items()
    }
    methods |= {name: methods[meant] for name, meant in _SYNONYMS.items()}
    return type(
        "BoundLogger",
        (structlog.make_filtering_bound_logger(level),),
        {**methods, "exception": _exception, "log": _log, "_proxy_to_logger": _proxy_to_logger},
    )


def _nothing(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    """Ignore a call below the level."""


def _method(name: str) -> Callable[..., None]:
    def tell(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
        if arguments:
            event = message(event, arguments)
        _tell(self, name, event, fields)

    tell.__name__ = name
    return tell


def _tell(self: Any, name: str, event: object, fields: dict[str, Any]) -> None:
    if "event" in fields:
        fields["extra_event"] = fields.pop("event")
    told: Any = {"event": event, **self._context, **fields}
    try:
        for process in self._processors:
            told = process(self._logger, name, told)
    except structlog.DropEvent:
        return
    self._logger.msg(told)


def _exception(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    fields.setdefault("exc_info", True)
    self.error(event, *arguments, **fields)


def _log(self: Any, level: int, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    """Log at a numeric level; a number between two levels counts as the lower."""
    names = [name for name, severity in _LEVELS.items() if severity <= level] or ["debug"]
    getattr(self, names[-1])(event, *arguments, **fields)


def _proxy_to_logger(self: Any, method_name: str, event: object = None, **fields: Any) -> None:
    """Log an event for structlog's own asynchronous methods."""
    _tell(self, _SYNONYMS.get(method_name, method_name), event, fields)
