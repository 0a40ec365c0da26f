"""One parameter of a notebook: parses and validates a text by type; describes the parameter."""

from dataclasses import dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import Any, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.json_values import as_text
from securenet_obs.runner.notebook.parameters.moments import context
from securenet_obs.runner.notebook.parameters.type_names import choices, members

CONFIG = ConfigDict(allow_inf_nan=False, hide_input_in_errors=True)
"""Options for pydantic: NaN and infinities are refused, and messages contain no values."""


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its type as written and as used, its default and its help text."""

    name: str
    type_text: str
    type: Any
    default: Any
    help: str

    def parse(self, text: str, now: datetime | None = None) -> Any:
        """Return the value of `text`; lists and dicts are written as JSON.

        Args:
            text: the text.
            now: the moment to which times such as `-1h` are relative, in UTC.

        Raises:
            ValidationError: the text is not a value of the type, or is out of range.
        """
        adapter: TypeAdapter[Any] = TypeAdapter(self.type, config=CONFIG)
        types = members(self.type)
        moment = context(now or datetime.now(UTC), self.default)
        if str in types:
            return adapter.validate_python(text)
        if NoneType in types and text == "null":
            return None
        containers = [get_origin(member) in (list, dict, tuple) for member in types]
        if any(containers):
            try:
                return adapter.validate_json(text, context=moment)
            except ValidationError:
                # `-1h` and ISO times are no JSON.
                if all(containers):
                    raise
        for choice in choices(types):
            if str(choice) == text:
                return choice
        return adapter.validate_strings(text, context=moment)

    def described(self) -> dict[str, str]:
        """Return the name, type, default and help text for display, all as text."""
        return {
            "name": self.name,
            "type": self.type_text,
            "default": self._default_text(),
            "help": self.help,
        }

    def _default_text(self) -> str:
        if self.default is REQUIRED:
            return "(required)"
        if isinstance(self.default, Computed):
            return self.default.source
        return repr(as_text(self.default))
