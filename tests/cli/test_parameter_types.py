"""Click parameter types accept valid values and refuse others with one sentence."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.cli.parameter_types import (
    WEEK_S,
    Duration,
    FieldValue,
    Moment,
    NonEmptyPath,
    Seconds,
    StackName,
    WholeNumber,
)


def convert(kind: click.ParamType[Any], text: str) -> Any:
    """Return the value of a text, without a parameter and a command."""
    return kind.convert(text, None, None)


@given(st.floats(min_value=0, max_value=WEEK_S, exclude_min=True))
def test_seconds_are_positive_and_at_most_a_week(seconds: float) -> None:
    """Every number in the range is accepted as it is written; its negative is refused."""
    assert convert(Seconds(), repr(seconds)) == seconds
    with pytest.raises(click.BadParameter):
        convert(Seconds(), repr(-seconds))


@pytest.mark.parametrize("text", ["0", "nan", "NaN", "-nan", "inf", f"{WEEK_S + 1}", "", "1 s"])
def test_other_seconds_are_refused(text: str) -> None:
    """Zero, NaN, infinities and more than a week are not a deadline."""
    with pytest.raises(click.BadParameter):
        convert(Seconds(), text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (NonEmptyPath(), ""),
        (WholeNumber(min=1, max=3), "0"),
        (WholeNumber(min=1, max=3), "4"),
        (WholeNumber(min=1, max=3), "1.0"),
        (StackName(), ""),
        (StackName(), "../local"),
        (StackName(), "A B"),
        (StackName(), "x" * 51),
    ],
)
def test_values_out_of_range_are_refused(kind: click.ParamType[Any], text: str) -> None:
    """An empty path, a number out of range and an unusable name are usage errors."""
    with pytest.raises(click.BadParameter):
        convert(kind, text)


def test_values_have_their_types() -> None:
    """A path is a `Path`, a whole number an `int`, a stack's name a text."""
    assert convert(NonEmptyPath(), "a/b") == Path("a/b")
    assert convert(WholeNumber(min=1, max=3), "3") == 3
    assert convert(StackName(), "second") == "second"


def test_a_duration_is_a_number_with_a_unit() -> None:
    """It is converted to seconds; more than a week, and zero, are refused."""
    texts = {"90s": 90, "30m": 1800, "1h": 3600, "7d": WEEK_S}
    assert {text: convert(Duration(), text) for text in texts} == texts
    for text in ("0s", "8d", "1", "1 h", "-1h", "1.5h", "h", ""):
        with pytest.raises(click.BadParameter):
            convert(Duration(), text)


def test_a_moment_has_a_zone() -> None:
    """A time without one is UTC; any other text is refused."""
    assert convert(Moment(), "2026-11-27T03:14").isoformat() == "2026-11-27T03:14:00+00:00"
    assert convert(Moment(), "2026-11-27T03:14:00+01:00").utcoffset() == timedelta(hours=1)
    for text in ("", "now", "1h", "2026-13-01"):
        with pytest.raises(click.BadParameter, match="is not a time"):
            convert(Moment(), text)


def test_a_field_has_a_value() -> None:
    """The value may contain the sign, or be empty."""
    assert convert(FieldValue(), "url=a=b") == ("url", "a=b")
    assert convert(FieldValue(), "url=") == ("url", "")
    for text in ("", "url", "=a"):
        with pytest.raises(click.BadParameter, match="FIELD=VALUE"):
            convert(FieldValue(), text)
