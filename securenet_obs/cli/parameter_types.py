"""Click parameter types, validated: path, numbers, durations, names of stacks and tenants."""

import math
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from securenet_obs.errors import StackError

WEEK_S = 7 * 24 * 3600

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


class NonEmptyPath(click.Path):
    """A path; refuses an empty text, which an empty variable in a script would otherwise pass."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"path_type": Path, **options})

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


class WholeNumber(click.IntRange):
    """A whole number within a range."""

    name = "integer"


class Number(click.FloatRange):
    """A number within a range."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; refuse NaN, which passes the range check."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a {self.name}.", param, ctx)
        return number


class Seconds(Number):
    """A positive number of seconds, at most a week."""

    name = "number of seconds"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True, max=WEEK_S)


class TenantId(click.ParamType[str]):
    """The id of a tenant, by the rules of the API, which could not be asked for another one."""

    name = "tenant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id if it is valid."""
        from securenet_obs.settings import TENANT_ID

        if not re.fullmatch(TENANT_ID, value):
            self.fail(
                f"{value!r} is not a valid tenant id: use up to 63 of a-z, 0-9, - and _, and start "
                "with a letter or a digit.",
                param,
                ctx,
            )
        return str(value)


class Duration(click.ParamType[float]):
    """A period such as 90s, 30m, 1h or 1d, as seconds; by default of at most a week."""

    name = "duration"

    def __init__(self, *, longest_s: float = WEEK_S, longest: str = "a week") -> None:
        self._longest_s = longest_s
        self._longest = longest

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        seconds = int(match[1]) * _UNITS_S[match[2]] if match else 0
        if not 0 < seconds <= self._longest_s:
            self.fail(f"{value!r} is not a period of at most {self._longest}.", param, ctx)
        return float(seconds)


class Moment(click.ParamType[datetime]):
    """A time in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time, with a zone."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time, such as 2026-11-27T03:14:00Z.", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class FieldValue(click.ParamType[tuple[str, str]]):
    """A field of log lines and its value, as FIELD=VALUE."""

    name = "field"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return field and value."""
        if isinstance(value, tuple):
            return value
        field, sign, text = str(value).partition("=")
        if not (field and sign):
            self.fail(f"{value!r} is not of the form FIELD=VALUE, as in level=error.", param, ctx)
        return field, text


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


class CommaSeparated(click.ParamType[Any]):
    """Names separated by commas; each once."""

    name = "names"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names; refuse an empty one, and one that is given twice."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if "" in names:
            self.fail(f"{value!r} has an empty name.", param, ctx)
        if len(set(names)) < len(names):
            self.fail(f"{value!r} has a name twice.", param, ctx)
        return names
