import numpy as np
import pandas as pd
import pytest

from securenet_obs.probes.logs.fields import (
    LEVELS,
    Cells,
    find_level_problems,
    find_time_problems,
    parse_levels,
    parse_timestamps,
)


def cells(*values: object) -> Cells:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2026-11-23T04:05:06.123456Z", None),
        ("2026-11-23T05:05:06.123456+01:00", "an offset instead of Z"),
        ("2026-11-23T04:05:06.123456+0000", "an offset instead of Z"),
        ("2026-11-23T04:05:06.123456-00:00", "an offset instead of Z"),
        (1795406706.123456, "not text"),
        (1795406706123, "not text"),
    ],
)
def test_times_are_converted_to_utc(written: object, problem: str | None) -> None:
    """A time with a zone or a number since 1970 becomes UTC; its format is checked."""
    times = parse_timestamps(cells(written))
    assert str(times.dtype) == "datetime64[us, UTC]"
    assert abs(times[0] - pd.Timestamp("2026-11-23T04:05:06.123456Z")).total_seconds() < 0.001
    found = find_time_problems(cells(written), times)[0]
    assert (None if pd.isna(found) else found) == problem


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2026-11-23T04:05:06.123456", "no time zone"),
        ("2026-11-23 04:05:06", "no time zone"),
        ("23/Nov/2026:04:05:06 +0000", "not a timestamp"),
        ("yesterday", "not a timestamp"),
        ("", "not a timestamp"),
        ("2026-13-45T04:05:06.123456Z", "not a timestamp"),
        (None, "missing"),
        (True, "not text"),
        (float("1e300"), "not text"),
        ([], "not text"),
        ({"$date": 1}, "not text"),
    ],
)
def test_invalid_time_is_nat(written: object, problem: str) -> None:
    """A value that is not a time, or has no zone, becomes NaT."""
    times = parse_timestamps(cells(written))
    assert pd.isna(times[0])
    assert find_time_problems(cells(written), times)[0] == problem


def test_coarse_times_are_parsed_and_reported() -> None:
    """Times in seconds or milliseconds are parsed, and reported as a format problem."""
    written = cells("2026-11-23T04:05:06Z", "2026-11-23T04:05:06.123Z")
    times = parse_timestamps(written)
    assert times.notna().all()
    assert list(find_time_problems(written, times)) == ["no microseconds"] * 2


def test_mixed_formats_are_parsed_independently() -> None:
    """Each row is parsed independently of the others."""
    written = cells("2026-11-23T04:05:06.000001Z", None, 0, "x", "2026-11-23T04:05:06.000002Z")
    times = parse_timestamps(written)
    assert list(times.isna()) == [False, True, False, True, False]
    assert list(find_time_problems(written, times).isna()) == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("written", "level"),
    [
        *zip(LEVELS, LEVELS, strict=True),
        ("WARNING", "warning"),
        ("Warn", "warning"),
        ("FATAL", "critical"),
        ("notice", "info"),
        ("trace", "debug"),
        (10, "debug"),
        (30, "info"),
        (60, "critical"),
    ],
)
def test_levels_of_other_systems_are_parsed(written: object, level: str) -> None:
    """Upper case, other names and bunyan's numbers map to the five levels."""
    assert parse_levels(cells(written))[0] == level
    problem = find_level_problems(cells(written))[0]
    assert (problem is None) == (written == level)


@pytest.mark.parametrize("written", ["verbose", "", 35, True, 30.5, [], {}])
def test_unknown_levels_are_missing(written: object) -> None:
    """An unknown level is missing, and reported as a problem."""
    assert pd.isna(parse_levels(cells(written))[0])
    assert find_level_problems(cells(written))[0] == "unknown level"


def test_levels_are_ordered() -> None:
    """Levels can be compared: at least warning means warning, error and critical."""
    assert (parse_levels(cells(*LEVELS)) >= "warning").sum() == 3
