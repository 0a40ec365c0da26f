"""Formats the message of a log call with its arguments, even if they do not match."""

import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.monitoring.logs.json_values import safe_repr

_PLACEHOLDER = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z]|%%"
)


def format_message(template: object, arguments: Any) -> str:
    """Format a message with its arguments as `%` does, even if they do not match.

    Each argument is inserted at its placeholder, so that the argument of `password=%d` is masked;
    an argument without a placeholder is appended.
    """
    if not arguments:
        return template if isinstance(template, str) else _text(template)
    try:
        return f"{str(template) % _operand(arguments)}"
    except Exception:  # noqa: BLE001 arguments format themselves, and may raise anything
        return _substitute(_text(template), arguments)


def _operand(arguments: Any) -> Any:
    """Return the right operand of `%`; a mapping that is the only argument supplies names."""
    alone = isinstance(arguments, tuple) and len(arguments) == 1
    return arguments[0] if alone and isinstance(arguments[0], Mapping) else arguments


def _substitute(template: str, arguments: Any) -> str:
    operand = _operand(arguments)
    names: Mapping[Any, Any] = operand if isinstance(operand, Mapping) else {}
    remaining = iter(arguments if operand is arguments and not names else ())

    def substituted(placeholder: re.Match[str]) -> str:
        if placeholder[0] == "%%":
            return "%"
        if placeholder["name"] is not None:
            return (
                _text(names[placeholder["name"]])
                if placeholder["name"] in names
                else placeholder[0]
            )
        return next((_text(argument) for argument in remaining), placeholder[0])

    text = _PLACEHOLDER.sub(substituted, template)
    return " ".join([text, *map(_text, remaining)])


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 a str is foreign code and may raise anything
        return safe_repr(value)
