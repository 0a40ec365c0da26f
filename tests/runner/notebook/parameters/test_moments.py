"""Times and dates are given relative to one moment, in UTC."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from securenet_obs.runner.notebook.parameters.cell import read_schema
from securenet_obs.runner.notebook.parameters.foreign import read_foreign_schema

NOW = dt.datetime(2026, 11, 27, 12, 30, 15, tzinfo=dt.UTC)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("today", utc(2026, 11, 27)),
        ("Yesterday", utc(2026, 11, 26)),
        ("tomorrow", utc(2026, 11, 28)),
        ("-1h", utc(2026, 11, 27, 11, 30, 15)),
        ("+90s", utc(2026, 11, 27, 12, 31, 45)),
        ("-1d2h30m", utc(2026, 11, 26, 10, 0, 15)),
        ("-2w", utc(2026, 11, 13, 12, 30, 15)),
        ("2026-11-25", utc(2026, 11, 25)),
        ("2026-11-25T06:00", utc(2026, 11, 25, 6)),
        ("2026-11-25T06:00+02:00", utc(2026, 11, 25, 4)),
        ("2026-11-25T06Z", utc(2026, 11, 25, 6)),
        ("20261125T060000+0200", utc(2026, 11, 25, 4)),
        ("1700000000", utc(2023, 11, 14, 22, 13, 20)),
    ],
)
def test_a_time_is_resolved(text: str, expected: dt.datetime) -> None:
    """Every form is a time with a zone; UTC is that of a text without one."""
    (parameter,) = read_schema("since: datetime").parameters
    value = parameter.parse(text, NOW)
    assert (value, value.tzinfo is None) == (expected, False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-1h", utc(2026, 11, 27, 11, 30, 15)),
        ("yesterday", utc(2026, 11, 26)),
        ("2026-11-25", utc(2026, 11, 25)),
        ("2026-11-25T06:00Z", utc(2026, 11, 25, 6)),
        ("2026-11-25T06:00+02:00", utc(2026, 11, 25, 4)),
        ("1700000000", utc(2023, 11, 14, 22, 13, 20)),
    ],
)
def test_a_time_has_no_zone_where_the_default_has_none(text: str, expected: dt.datetime) -> None:
    """Code that compares the default with other times compares a given value, too."""
    (parameter,) = read_foreign_schema("at = datetime(2026, 1, 2)").parameters
    assert parameter.parse(text, NOW) == expected.replace(tzinfo=None)


def test_a_time_that_is_out_of_range_in_utc_is_refused() -> None:
    """Its zone cannot be left out then."""
    (parameter,) = read_foreign_schema("at = datetime(2026, 1, 2)").parameters
    with pytest.raises(ValidationError, match="out of range"):
        parameter.parse("0001-01-01T00:00+01:00", NOW)


@pytest.mark.parametrize(
    ("text", "day"), [("today", 27), ("yesterday", 26), ("-7d", 20), ("+1d", 28), ("-1w", 20)]
)
def test_a_date_is_resolved(text: str, day: int) -> None:
    """A date takes days and weeks."""
    (parameter,) = read_schema("day: date").parameters
    assert parameter.parse(text, NOW) == dt.date(2026, 11, day)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("datetime | None", "-1h", utc(2026, 11, 27, 11, 30, 15)),
        ("datetime | None", "null", None),
        ("list[datetime]", '["today", "now"]', [utc(2026, 11, 27), NOW]),
        ("list[datetime] | datetime", '["today"]', [utc(2026, 11, 27)]),
        ("list[datetime] | datetime", "-1h", utc(2026, 11, 27, 11, 30, 15)),
        ("dict[str, int] | date", "yesterday", dt.date(2026, 11, 26)),
        ("str | datetime", "-1h", "-1h"),
    ],
)
def test_a_time_is_resolved_inside_of_other_types(kind: str, text: str, expected: Any) -> None:
    """Unions and lists resolve their times; a text stays a text."""
    (parameter,) = read_schema(f"since: {kind}").parameters
    assert parameter.parse(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["1h", "-1", "-1x", "-1M", "-h", "--1h", "- 1h", "soon", "0", "-1.5h"]
)
def test_other_texts_are_refused(text: str) -> None:
    """A text that could mean several times is none: a sign and a unit are required."""
    (parameter,) = read_schema("since: datetime").parameters
    with pytest.raises(ValidationError):
        parameter.parse(text, NOW)


@pytest.mark.parametrize("text", ["[20261125]", '["20261125"]', "[1.5]"])
def test_a_small_number_in_a_list_is_refused(text: str) -> None:
    """A mistyped date would be a time in 1970, as it would outside of a list."""
    (parameter,) = read_schema("since: list[datetime]").parameters
    with pytest.raises(ValidationError, match="a number is Unix time in seconds"):
        parameter.parse(text, NOW)
    assert parameter.parse("[1700000000]", NOW) == [utc(2023, 11, 14, 22, 13, 20)]


def test_all_times_of_a_command_are_of_one_moment() -> None:
    """Two parameters that are both `now` are equal."""
    values = read_schema("a: datetime\nb: datetime").parse(["a=now", "b=now"])
    assert values["a"] == values["b"]
