"""Converts nested parameter values to JSON, secrets to references; finds leaves and secrets."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from securenet_obs.runner.notebook.parameters.defaults import REQUIRED, Computed
from securenet_obs.runner.notebook.parameters.secret import Secret


def leaves(value: Any) -> Iterator[Any]:
    """Yield every nested value that is not a container."""
    if isinstance(value, Mapping):
        for pair in value.items():
            yield from leaves(list(pair))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def as_text(value: Any) -> Any:
    """Return a parameter's value as a JSON value; a secret becomes its reference."""
    match value:
        case Secret():
            return value.reference
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(name): as_text(part) for name, part in value.items()}
        case list() | tuple():
            return [as_text(part) for part in value]
    return None if value is REQUIRED or isinstance(value, Computed) else value


def secrets_in(values: Mapping[str, Any]) -> list[Secret]:
    """Return every secret in the values, nested ones included."""
    return [leaf for leaf in leaves(values) if isinstance(leaf, Secret)]
