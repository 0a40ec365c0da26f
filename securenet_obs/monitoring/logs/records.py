"""Robust `logging` records of any arguments and `extra`; repair of name and level, `AnyLevel`."""

import logging
from collections.abc import Callable
from typing import Any

from securenet_obs.monitoring.foreign_objects import text_of
from securenet_obs.monitoring.logs.fields import set_aside

_STANDARD_MAKE_RECORD = logging.Logger.makeRecord


class AnyLevel(int):
    """The level of a handler, which also a record without a number reaches."""

    def __le__(self, other: object) -> bool:
        """Return whether a level is at least this one; handlers are asked by `level >= self`."""
        return int.__le__(self, other) if issubclass(type(other), int) else True  # type: ignore[operator]

    __hash__ = int.__hash__


def install_record_factory() -> None:
    """Make records by a factory that does not raise, whatever the arguments are.

    The standard library asks a single argument whether it is a mapping, and whether it has items: a
    foreign object may raise then, such as a weak proxy of an object that has gone.
    """
    previous = logging.getLogRecordFactory()
    if not isinstance(previous, _RecordFactory):
        logging.setLogRecordFactory(_RecordFactory(previous))


def install_record_maker() -> None:
    """Make loggers accept any `extra`: the standard library raises if a name of it is a record's.

    It does so after the record factory has returned; no other hook comes before.
    """
    if logging.Logger.makeRecord is _STANDARD_MAKE_RECORD:
        logging.Logger.makeRecord = _make_record  # type: ignore[method-assign]


def _make_record(
    self: logging.Logger,
    name: str,
    level: int,
    fn: str,
    lno: int,
    msg: object,
    args: Any,
    exc_info: Any,
    func: str | None = None,
    extra: Any = None,
    sinfo: str | None = None,
) -> logging.LogRecord:
    place = (name, level, fn, lno, msg, args, exc_info, func)
    try:
        return _STANDARD_MAKE_RECORD(self, *place, extra, sinfo)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 extra fields are foreign
        record = _STANDARD_MAKE_RECORD(self, *place, None, sinfo)
        _add_fields(vars(record), extra)
        return record


def _add_fields(record: dict[str, Any], extra: Any) -> None:
    """Add the extra fields of a log call; one with a name of a record as `extra_` and the name."""
    try:
        added = dict(extra)
        for name in ("message", "asctime", *record):
            if name in added:
                set_aside(added, name)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 a mapping and its keys are foreign, or it is none
        added = {"extra": extra}
    record.update(added)


class _RecordFactory:
    """Makes records by another factory, without arguments that it does not accept."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(
        self,
        name: str,
        level: int,
        pathname: str,
        lineno: int,
        msg: object,
        args: Any,
        *rest: Any,
        **named: Any,
    ) -> logging.LogRecord:
        place = (name, level, pathname, lineno, msg)
        try:
            return self._make(*place, args, *rest, **named)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 an argument is foreign code and may raise anything
            record = self._make(*place, (), *rest, **named)
            record.args = args
            return record


def repair(record: logging.LogRecord) -> None:
    """Replace a name that is not a text and a level that is not a number.

    The handlers that are called afterwards, such as those of Sentry's SDK, rely on both.
    """
    if type(record.name) is not str:
        record.name = text_of(record.name)
    if not issubclass(type(record.levelno), int):
        record.levelno = logging.WARNING
