"""Usage errors: adds an example to each; converts errors caused by arguments to usage errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from securenet_obs.cli.parameter_types import Number, Seconds
from securenet_obs.errors import SecureNetObsError

_EXAMPLE = re.compile(r"Example: *(securenet-obs .*)")
_PATHS = {"target": "staging.env", "evidence": "evidence", "root": ".", "cwd": "."}
"""Examples of the options that take a path."""


class Group(click.Group):
    """A group that ends its usage errors with an example."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the arguments name.

        Raises:
            UsageError: the arguments cannot be used; an example follows.
        """
        try:
            return super().invoke(ctx)
        except click.BadParameter as error:
            instance = example(error.param, error.ctx)
            if not instance:
                raise
            message = error.format_message().rstrip(".")
            raise click.UsageError(f"{message}; for instance: {instance}", error.ctx) from error


def example(parameter: click.Parameter | None, context: click.Context | None) -> str:
    """Return an example of an option with a value, or of the whole command."""
    if isinstance(parameter, click.Option) and (value := _format_example(parameter)):
        return f"{parameter.opts[-1]} {value}"
    match = _EXAMPLE.search(str(context.command.help)) if context else None
    return match[1] if match else ""


def _format_example(option: click.Option) -> str:
    kind = option.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path):
        return _PATHS.get(str(option.name), "")
    if isinstance(kind, Seconds):
        return "30"
    if isinstance(kind, Number):
        return "3"
    if isinstance(kind, click.IntRange):
        default = option.default if isinstance(option.default, int) else 0
        return str(max(default, int(kind.min or 0), 1))
    return option.default if isinstance(option.default, str) else ""


@contextmanager
def usage_errors_for(*errors: type[SecureNetObsError]) -> Iterator[None]:
    """Convert errors that an argument causes into usage errors.

    Raises:
        UsageError: one of the errors was raised within the block.
    """
    try:
        yield
    except errors as error:
        raise click.UsageError(str(error)) from error
