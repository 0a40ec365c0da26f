"""Renames a field of a log call to `extra_NAME` if log lines define that field themselves."""

from collections.abc import MutableMapping
from typing import Any


def set_aside(event: MutableMapping[str, Any], name: str) -> None:
    """Rename a field to `extra_` and its name, with another `extra_` as long as that is taken."""
    value = event.pop(name)
    name = f"extra_{name}"
    while name in event:
        name = f"extra_{name}"
    event[name] = value
