"""structlog's filtering bound logger, with methods that accept any field names and arguments."""

import logging
from collections.abc import Callable
from typing import Any

import structlog

from securenet_obs.monitoring.foreign_objects import plain_text
from securenet_obs.monitoring.logs.fields import set_aside
from securenet_obs.monitoring.logs.message import Message

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
        name: _method(name) if severity >= level else _ignore for name, severity in _LEVELS.items()
    }
    methods |= {name: methods[level] for name, level in _SYNONYMS.items()}
    return type(
        "BoundLogger",
        (structlog.make_filtering_bound_logger(level),),
        {
            **methods,
            "bind": _bind,
            "exception": _exception,
            "log": _log,
            "_proxy_to_logger": _proxy_to_logger,
        },
    )


def _ignore(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    """Ignore a call below the level."""


def _method(name: str) -> Callable[..., None]:
    def log(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
        try:
            if arguments:
                event = Message(event, arguments)
            _emit(self, name, event, fields)
        except RecursionError:  # the caller is at the limit, and so would be any call here
            self._logger.output.lost += 1

    log.__name__ = name
    return log


def _emit(self: Any, name: str, event: object, fields: dict[str, Any]) -> None:
    event_dict: Any = {"event": event, **self._context, **fields}
    if event_dict["event"] is not event:
        set_aside(event_dict, "event")
        event_dict["event"] = event
    try:
        for process in self._processors:
            event_dict = process(self._logger, name, event_dict)
    except structlog.DropEvent:
        return
    self._logger.msg(event_dict)


def _exception(self: Any, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    fields.setdefault("exc_info", True)
    self.error(event, *arguments, **fields)


def _log(self: Any, level: object, event: object = None, /, *arguments: Any, **fields: Any) -> None:
    """Log at a level; a number between two levels counts as the lower.

    A level may be a name, too. Anything else that is not a number counts as `warning`.
    """
    getattr(self, _level_name(level))(event, *arguments, **fields)


def _level_name(level: object) -> str:
    if issubclass(type(level), str):
        name = plain_text(level).lower()  # type: ignore[arg-type]
        name = _SYNONYMS.get(name, name)
        return name if name in _LEVELS else "warning"
    if not issubclass(type(level), int):
        return "warning"
    number = int.__int__(level)  # type: ignore[arg-type]
    names = [name for name, severity in _LEVELS.items() if severity <= number]
    return names[-1] if names else "debug"


def _bind(self: Any, /, **fields: Any) -> Any:
    return type(self)(self._logger, self._processors, {**self._context, **fields})


def _proxy_to_logger(self: Any, method_name: str, event: object = None, **fields: Any) -> None:
    """Log an event for structlog's own asynchronous methods."""
    _emit(self, _SYNONYMS.get(method_name, method_name), event, fields)
