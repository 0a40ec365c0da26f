"""Formats a log call's message, also with arguments that do not match; keeps the template."""

import re
from collections.abc import Mapping
from typing import Any

from securenet_obs.monitoring.foreign_objects import plain_text, text_of

_PLACEHOLDER = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?[-#0 +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[a-zA-Z]|%%"
)


class Message(str):
    """A formatted message that keeps its template, by which Sentry groups errors."""

    template: str

    def __new__(cls, template: object, arguments: Any) -> "Message":
        """Format a template with its arguments; never raise."""
        message = super().__new__(cls, format_message(template, arguments))
        message.template = format_message(template, ())
        return message


def format_message(template: object, arguments: Any) -> str:
    """Format a message with its arguments as `%` does, even if they do not match.

    Each argument is inserted at its placeholder, so that the argument of `password=%d` is masked;
    an argument without a placeholder is appended.
    """
    text = text_of(template)
    if arguments is None or (type(arguments) in (tuple, dict) and not arguments):
        return text
    try:
        return plain_text(text % _operand(arguments))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 arguments format themselves, and may raise anything
        return _substitute(text, arguments)


def _operand(arguments: Any) -> Any:
    """Return the right operand of `%`; a mapping that is the only argument supplies names."""
    alone = type(arguments) is tuple and len(arguments) == 1
    return arguments[0] if alone and issubclass(type(arguments[0]), Mapping) else arguments


def _substitute(template: str, arguments: Any) -> str:
    operand = _operand(arguments)
    has_names = issubclass(type(operand), Mapping)
    remaining = iter(arguments if type(arguments) is tuple and not has_names else ())

    def substituted(placeholder: re.Match[str]) -> str:
        if placeholder[0] == "%%":
            return "%"
        if placeholder["name"] is not None:
            return _named(operand, placeholder) if has_names else placeholder[0]
        return next((text_of(argument) for argument in remaining), placeholder[0])

    text = _PLACEHOLDER.sub(substituted, template)
    return " ".join([text, *map(text_of, remaining)])


def _named(names: Mapping[str, Any], placeholder: re.Match[str]) -> str:
    try:
        return text_of(names[placeholder["name"]])
    except Exception:  # noqa: BLE001 the name is missing, or the mapping is foreign code
        return placeholder[0]
