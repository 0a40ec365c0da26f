"""Formats the message of a log call with its arguments, even if they do not match."""

import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.monitoring.logs.json_values import shown

_PLACE = re.compile(r"%(?:\((?P<name>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z]|%%")


def message(template: object, arguments: Any) -> str:
    """Format a message with its arguments as `%` does, even if they do not match.

    Each argument is inserted at its placeholder, so that the argument of `password=%d` is masked;
    an argument without a placeholder is appended.
    """
    if not arguments:
        return template if isinstance(template, str) else _text(template)
    try:
        return f"{str(template) % _operand(arguments)}"
    except Exception:  # noqa: BLE001 arguments format themselves, and may raise anything
        return _put_in(_text(template), arguments)


def _operand(arguments: Any) -> Any:
    """Return the right operand of `%`; a mapping that is the only argument supplies names."""
    alone = isinstance(arguments, tuple) and len(arguments) == 1
    return arguments[0] if alone and isinstance(arguments[0], Mapping) else arguments


def _put_in(template: str, arguments: Any) -> str:
    operand = _operand(arguments)
    names: Mapping[Any, Any] = operand if isinstance(operand, Mapping) else {}
    left = iter(arguments if operand is arguments and not names else ())

    def put(place: re.Match[str]) -> str:
        if place[0] == "%%":
            return "%"
        if place["name"] is not None:
            return _text(names[place["name"]]) if place["name"] in names else place[0]
        return next((_text(argument) for argument in left), place[0])

    text = _PLACE.sub(put, template)
    return " ".join([text, *map(_text, left)])


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 a str is foreign code and may raise anything
        return shown(value)
