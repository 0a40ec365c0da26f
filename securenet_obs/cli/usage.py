"""Click parameter types (path, number, seconds, stack name), and usage errors with an example."""

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from securenet_obs.errors import SecureNetObsError, StackError

WEEK_S = 7 * 24 * 3600
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
    """Return an example of an option with a value, or of the whole command for an argument."""
    if isinstance(parameter, click.Option):
        value = _value(parameter)
        return f"{parameter.opts[-1]} {value}" if value else ""
    found = _EXAMPLE.search(str(context.command.help)) if context else None
    return found[1] if found else ""


def _value(option: click.Option) -> str:
    kind = option.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path):
        return _PATHS.get(str(option.name), "")
    if isinstance(kind, Seconds):
        return "30"
    if isinstance(kind, click.IntRange):
        default = option.default if isinstance(option.default, int) else 0
        return str(max(default, int(kind.min or 0), 1))
    return option.default if isinstance(option.default, str) else ""


class Place(click.Path):
    """A path; refuses an empty text, which an empty variable in a script would otherwise pass."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: "str | os.PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path."""
        if value == "":
            self.fail("an empty text names no path.", param, ctx)
        return super().convert(value, param, ctx)


class Whole(click.IntRange):
    """A whole number within a range."""

    name = "integer"


class Seconds(click.FloatRange):
    """A positive number of seconds, at most a week."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True, max=WEEK_S)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; refuse NaN, which passes the range check."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a {self.name}.", param, ctx)
        return seconds


class StackName(click.ParamType[str]):
    """The name of a local stack."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name if it is valid for a stack."""
        from securenet_obs.stack.state import locate_stack_folder

        try:
            locate_stack_folder(value, Path())
        except StackError as error:
            self.fail(str(error), param, ctx)
        return str(value)


@contextmanager
def refused(*errors: type[SecureNetObsError]) -> Iterator[None]:
    """Convert errors that an argument causes into usage errors.

    Raises:
        UsageError: one of the errors was raised within the block.
    """
    try:
        yield
    except errors as error:
        raise click.UsageError(str(error)) from error
