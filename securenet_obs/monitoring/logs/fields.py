"""Renames a field of an event to `extra_NAME`, so that the log line's own field keeps its name."""

from collections.abc import MutableMapping
from typing import Any


def set_aside(event: MutableMapping[str, Any], name: str) -> None:
    """Rename a field to `extra_` and its name, with another `extra_` as long as that is taken."""
    value = event.pop(name)
    name = f"extra_{name}"
    while name in event:
        name = f"extra_{name}"
    event[name] = value
