"""structlog's filtering bound logger, made so that no call of it raises and each is short."""

import logging
from collections.abc import Callable
from typing import Any

import structlog

from securenet_obs.monitoring.message import message

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}
_SYNONYMS = {"warn": "warning", "fatal": "critical", "msg": "info"}


def bound_logger(level: int) -> type[Any]:
    """Return the class of our loggers: methods below `level` do nothing.

    Unlike structlog's own, a method takes any field's name, `event` and `self` included, and
    arguments that do not fit its text.
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
    """Take a call below the level."""


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
    """Log at a level's number; one between two levels counts as the lower."""
    names = [name for name, severity in _LEVELS.items() if severity <= level] or ["debug"]
    getattr(self, names[-1])(event, *arguments, **fields)


def _proxy_to_logger(self: Any, method_name: str, event: object = None, **fields: Any) -> None:
    """Serve structlog's own asynchronous methods."""
    _tell(self, _SYNONYMS.get(method_name, method_name), event, fields)
