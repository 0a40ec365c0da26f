"""Explains refused parameters: the reason, the value masked and cut, its type, an example."""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from securenet_obs.redaction import MASK, redact, redact_text
from securenet_obs.runner.notebook.parameters.defaults import REQUIRED
from securenet_obs.runner.notebook.parameters.moments import FORMS
from securenet_obs.runner.notebook.parameters.parameter import Parameter
from securenet_obs.runner.notebook.parameters.type_names import examples, members, noun, spelled

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_SHOWN_LENGTH = 100
"""Maximum length of a value in a message, in characters."""


def explained(parameter: Parameter, text: str, error: ValidationError) -> str:
    """Return the reason for a refusal: the value, its expected type, and an example."""
    if _is_secret(parameter):
        reason = f"takes a reference such as secret:NAME, never a value ({parameter.type_text})"
        return reason + for_instance(parameter)
    shown = _shown(parameter, text)
    faults = [fault for fault in error.errors() if not _is_of_type(fault)]
    if not faults:
        return f"{shown} is not {noun(parameter.type)}{for_instance(parameter)}{_forms(parameter)}"
    reasons = "; ".join(dict.fromkeys(map(_reason, faults)))
    example = for_instance(parameter) + _forms(parameter)
    return f"{shown} is refused: {reasons} ({parameter.type_text}){example}"


def repeated(parameter: Parameter, texts: Sequence[str]) -> str:
    """Return that a parameter is given more than once, with each of its values."""
    times = "twice" if len(texts) == 2 else f"{len(texts)} times"
    values = ", ".join(dict.fromkeys(_shown(parameter, text) for text in texts))
    return f"given {times} ({values}); give it once"


def _shown(parameter: Parameter, text: str) -> str:
    """Return a given value as a message may hold it: masked, and cut where it is long."""
    if _is_secret(parameter):
        return repr(text) if _parses(parameter, text) else MASK
    masked = _masked(parameter, text)
    return repr(masked if len(masked) <= MAX_SHOWN_LENGTH else f"{masked[: MAX_SHOWN_LENGTH - 1]}…")


def _is_secret(parameter: Parameter) -> bool:
    return "Secret" in parameter.type_text


def _masked(parameter: Parameter, text: str) -> str:
    masked: Any = redact({parameter.name: redact_text(text)})
    return str(masked[parameter.name])


def _is_of_type(fault: "ErrorDetails") -> bool:
    """Return whether the whole value has a wrong type, rather than a part of it or its range."""
    inside = any(isinstance(step, int) for step in fault["loc"])
    kind = fault["type"]
    plain = kind.endswith(("_parsing", "_type")) or kind in ("literal_error", "json_invalid")
    return plain and not inside


def _reason(fault: "ErrorDetails") -> str:
    reason = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    # A member of a union that has validators of ours is named after them.
    steps = [str(step) for step in fault["loc"] if not str(step).startswith("function-")]
    where = ".".join(steps)
    return f"{where} {reason}".strip()


def for_instance(parameter: Parameter) -> str:
    """Return `; for instance: -p name=value` with a valid value; empty if none is known."""
    takes = (text for text in _examples(parameter) if _takes(parameter, text))
    example = "secret:NAME" if _is_secret(parameter) else next(takes, None)
    if example is None:
        return ""
    return f"; for instance: -p {shlex.quote(f'{parameter.name}={example}')}"


def _forms(parameter: Parameter) -> str:
    """Return the other forms that a time or a date accepts; empty for other types."""
    forms = [FORMS[member] for member in members(parameter.type) if member in FORMS]
    return f"; also {' or '.join(forms)}" if forms else ""


def _examples(parameter: Parameter) -> Iterator[str]:
    default = parameter.default
    if default is not REQUIRED and default not in (None, "", [], {}):
        yield spelled(default)
    yield from examples(parameter.type)


def _takes(parameter: Parameter, text: str) -> bool:
    """Return whether a text is a valid value that can be shown."""
    can_be_shown = len(text) <= MAX_SHOWN_LENGTH and _masked(parameter, text) == text
    return can_be_shown and _parses(parameter, text)


def _parses(parameter: Parameter, text: str) -> bool:
    try:
        parameter.parse(text)
    except ValidationError:
        return False
    return True
