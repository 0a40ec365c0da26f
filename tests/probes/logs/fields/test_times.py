import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.probes.logs.fields.spellings import parse_time
from securenet_obs.probes.logs.fields.times import parse_times
from securenet_obs.probes.logs.frame import log_frame

MICROSECONDS = pd.Timestamp("2026-11-23T04:05:06.123456Z")
MILLISECONDS = pd.Timestamp("2026-11-23T04:05:06.123Z")
SECONDS = pd.Timestamp("2026-11-23T04:05:06Z")
NANOSECONDS = pd.Timestamp("2026-11-23T04:05:06.123456789Z")

WRITTEN = {
    "SecureNet": ("2026-11-23T04:05:06.123456Z", MICROSECONDS, None),
    "structlog, fmt=iso": ("2026-11-23T04:05:06.123456Z", MICROSECONDS, None),
    "structlog, no fmt": (1795406706.123456, MICROSECONDS, "not text"),
    "pino": (1795406706123, MILLISECONDS, "not text"),
    "pino, isoTime": ("2026-11-23T04:05:06.123Z", MILLISECONDS, "no microseconds"),
    "zap, ISO8601TimeEncoder": (
        "2026-11-23T06:05:06.123+0200",
        MILLISECONDS,
        "an offset instead of Z",
    ),
    "zap, EpochNanosTimeEncoder": (1795406706123456789, NANOSECONDS, "not text"),
    "zap, EpochMillisTimeEncoder": (1795406706123.456, MICROSECONDS, "not text"),
    "logrus": ("2026-11-23T04:05:06Z", SECONDS, "no microseconds"),
    "slog": ("2026-11-23T06:05:06.123456789+02:00", NANOSECONDS, "an offset instead of Z"),
    "Docker": ("2026-11-23T04:05:06.123456789Z", NANOSECONDS, "no microseconds"),
    "python-json-logger": (
        "2026-11-23T04:05:06.123456+00:00",
        MICROSECONDS,
        "an offset instead of Z",
    ),
    "asctime with a zone": (
        "2026-11-23 04:05:06,123 +0000",
        MILLISECONDS,
        "an offset instead of Z",
    ),
    "ECS": ("2026-11-23T04:05:06.123Z", MILLISECONDS, "no microseconds"),
    "Suricata": ("2026-11-23T04:05:06.123456+0000", MICROSECONDS, "an offset instead of Z"),
    "Zeek": (1795406706.123456, MICROSECONDS, "not text"),
    "PostgreSQL": ("2026-11-23 04:05:06.123456+00", MICROSECONDS, "an offset instead of Z"),
    "Serilog": ("2026-11-23T04:05:06.1234560Z", MICROSECONDS, "no microseconds"),
    "OpenTelemetry": ("1795406706123456789", NANOSECONDS, "not in SecureNet's spelling"),
    "journald": ("1795406706123456", MICROSECONDS, "not in SecureNet's spelling"),
    "nginx, $msec": ("1795406706.123", MILLISECONDS, "not in SecureNet's spelling"),
    "date +%s.%N": ("1795406706.123456789", NANOSECONDS, "not in SecureNet's spelling"),
    "Go, Time.String": (
        "2026-11-23 06:05:06.123456789 +0200 CEST",
        NANOSECONDS,
        "an offset instead of Z",
    ),
    "Go, Time.String of now": (
        "2026-11-23 06:05:06.123456789 +0200 CEST m=+0.000021",
        NANOSECONDS,
        "an offset instead of Z",
    ),
    "nginx, $time_local": ("23/Nov/2026:06:05:06 +0200", SECONDS, "an offset instead of Z"),
    "HTTP": ("Mon, 23 Nov 2026 04:05:06 GMT", SECONDS, "not in SecureNet's spelling"),
    "RFC 5322": ("23 Nov 2026 04:05:06 +0000", SECONDS, "an offset instead of Z"),
    "slashes": ("2026/11/23 04:05:06.123 +0000", MILLISECONDS, "an offset instead of Z"),
    "Java, ZonedDateTime": (
        "2026-11-23T05:05:06.123456+01:00[Europe/Paris]",
        MICROSECONDS,
        "an offset instead of Z",
    ),
    "Ruby": ("2026-11-23 04:05:06 UTC", SECONDS, "not in SecureNet's spelling"),
    "lower case": ("2026-11-23t04:05:06.123456z", MICROSECONDS, "not in SecureNet's spelling"),
    "decimal comma": ("2026-11-23T04:05:06,123456Z", MICROSECONDS, "not in SecureNet's spelling"),
    "basic format": ("20261123T040506Z", SECONDS, "not in SecureNet's spelling"),
    "minutes": ("2026-11-23T04:05Z", SECONDS.floor("min"), "not in SecureNet's spelling"),
    "half an hour": ("2026-11-23T00:35:06-03:30", SECONDS, "an offset instead of Z"),
    "unknown offset": ("2026-11-23T04:05:06.123456-00:00", MICROSECONDS, "an offset instead of Z"),
    "epoch in s": (1795406706, SECONDS, "not text"),
    "epoch in ms": (1795406706000, SECONDS, "not text"),
    "epoch in µs": (1795406706123456, MICROSECONDS, "not text"),
    "epoch in s, exponent": (1.795406706e9, SECONDS, "not text"),
    "epoch in ms, float": (1795406706123.0, MILLISECONDS, "not text"),
    "epoch in µs, float": (1795406706123456.0, MICROSECONDS, "not text"),
    "1970": (0, pd.Timestamp(0, tz="UTC"), "not text"),
    "before 1970": (-1.5, pd.Timestamp("1969-12-31T23:59:58.5Z"), "not text"),
    "year 1": ("0001-01-01T00:00:00.000000Z", pd.Timestamp("0001-01-01T00:00Z"), None),
    "year 9999": (
        "9999-12-31T23:59:59.999999Z",
        pd.Timestamp(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        None,
    ),
    "leap second": (
        "2016-12-31T23:59:60.5Z",
        pd.Timestamp("2017-01-01T00:00:00.5Z"),
        "a leap second",
    ),
    "leap second elsewhere": (
        "1990-12-31T15:59:60-08:00",
        pd.Timestamp("1991-01-01T00:00:00Z"),
        "a leap second",
    ),
}


@pytest.mark.parametrize("writer", WRITTEN)
def test_times_of_all_writers_are_exact(writer: str) -> None:
    """A time with a zone or a number since 1970 becomes UTC, to the nanosecond."""
    written, expected, problem = WRITTEN[writer]
    times, problems = parse_times([written])
    assert (times[0], problems[0]) == (expected, problem)


def test_rows_are_parsed_independently() -> None:
    """All spellings in one column, and what is no time between them, give the same times."""
    values = [value for written, _, _ in WRITTEN.values() for value in (written, None, "x")] * 3
    times, _ = parse_times(values)
    assert list(times[::3]) == [expected for _, expected, _ in WRITTEN.values()] * 3
    assert times[1::3].isna().all()
    assert times[2::3].isna().all()


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2026-11-23T04:05:06.123456", "no time zone"),
        ("2026-11-23 04:05:06", "no time zone"),
        ("2026-11-23 04:05:06,123", "no time zone"),
        ("23/Nov/2026:04:05:06", "no time zone"),
        ("2026/11/23 04:05:06", "no time zone"),
        ("23/Nov/2026:04:05:06 +0000\n", "not a timestamp"),
        ("31/Feb/2026:04:05:06 +0000", "not a timestamp"),
        ("23/Foo/2026:04:05:06 +0000", "not a timestamp"),
        ("2026/11-23T04:05:06Z", "not a timestamp"),
        ("yesterday", "not a timestamp"),
        ("", "not a timestamp"),
        ("2026-13-45T04:05:06.123456Z", "not a timestamp"),
        ("2026-02-29T04:05:06.123456Z", "not a timestamp"),
        ("2026-11-23T24:00:00Z", "not a timestamp"),
        ("2026-11-23T04:60:06Z", "not a timestamp"),
        ("2026-11-23T04:05:06+24:00", "not a timestamp"),
        ("2026-11-23T04:05:60Z", "not a timestamp"),
        ("0000-01-01T00:00:00Z", "not a timestamp"),
        ("0001-01-01T00:00:00+01:00", "not a timestamp"),
        ("9999-12-31T23:59:59-01:00", "not a timestamp"),
        ("\uff12026-11-23T04:05:06Z", "not a timestamp"),
        ("2026-11-23T04:05:06Z\n", "not a timestamp"),
        ("2026-11-23T04:05:06Z\x00", "not a timestamp"),
        ("20261123", "not a timestamp"),
        ("20261123040506", "not a timestamp"),
        ("1e999999999", "not a timestamp"),
        ("9" * 5000, "not a timestamp"),
        (None, "missing"),
        (True, "not text"),
        (1e300, "not text"),
        (-1e300, "not text"),
        (2**70, "not text"),
        (-(2**63), "not text"),
        (10**300, "not text"),
        ([], "not text"),
        ({"$date": 1}, "not text"),
    ],
)
def test_invalid_time_spoils_no_other_row(written: object, problem: str) -> None:
    """A value that is not a time, or has no zone, is NaT; the rows around it are exact."""
    good = "2026-11-23T04:05:06.123456789Z"
    times, problems = parse_times([good, written, good])
    assert list(times[::2]) == [NANOSECONDS] * 2
    assert pd.isna(times[1])
    assert problems[1] == problem


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["2026-11-23T04:05:06Z", None], "datetime64[us, UTC]"),
        (["2300-01-01T00:00:00Z", "2026-11-23T04:05:06.123456Z"], "datetime64[us, UTC]"),
        (["2261-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"], "datetime64[ns, UTC]"),
        (["2300-01-01T00:00:00Z", "2026-01-01T00:00:00.123456789Z"], "object"),
        (["0001-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z"], "object"),
        ([], "datetime64[us, UTC]"),
    ],
)
def test_column_has_the_unit_that_its_times_need(values: list[str], dtype: str) -> None:
    """Microseconds are the rule; a far year beside nanoseconds keeps both exact."""
    times, _ = parse_times(values)
    assert str(times.dtype) == dtype
    assert list(times.dropna()) == [pd.Timestamp(value) for value in values if value]


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS)


@st.composite
def spelt_times(draw: st.DrawFn) -> tuple[str, int]:
    """Draw a written time and its nanoseconds since 1970."""
    moment = draw(MOMENTS).replace(microsecond=0)
    digits = draw(st.text("0123456789", max_size=9))
    zone = f"{moment:%z}"
    if moment.utcoffset() == timedelta(0):
        zone = draw(st.sampled_from(["Z", "z", "+00", "+0000", "+00:00", " UTC"]))
    elif draw(st.booleans()):
        zone = f"{zone[:3]}:{zone[3:]}"
    text = moment.replace(tzinfo=None).isoformat(draw(st.sampled_from("Tt ")))
    fraction = f"{draw(st.sampled_from('.,'))}{digits}" if digits else ""
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return f"{text}{fraction}{zone}", seconds * 10**9 + int(digits.ljust(9, "0"))


@settings(deadline=None)
@given(st.lists(spelt_times(), min_size=1, max_size=8), st.integers(1, 3))
def test_times_parsed_together_are_those_parsed_alone(
    written: list[tuple[str, int]], copies: int
) -> None:
    """A column of any spellings has exactly the instants that were written."""
    texts = [text for text, _ in written] * copies
    alone = [parse_time(text).instant for text in texts]
    assert alone == [divmod(nanoseconds, 10**9) for _, nanoseconds in written] * copies
    times, _ = parse_times(texts)
    for time, (seconds, nanoseconds) in zip(times, alone, strict=True):
        has_room = abs(seconds) < 9_000_000_000
        expected = seconds * 10**9 + (nanoseconds if has_room else nanoseconds // 1000 * 1000)
        ticks = {"us": 1000, "ns": 1, "s": 10**9, "ms": 10**6}[time.unit]
        assert time.as_unit(time.unit)._value * ticks == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 4 * 10**18), min_size=1, max_size=5), st.sampled_from([0, 3, 6, 9]))
def test_numbers_in_any_unit_are_exact(moments: list[int], digits: int) -> None:
    """Integers, floats of up to microseconds and their texts are read in each unit."""
    numbers = [moment // 10 ** (9 - digits) for moment in moments]
    numbers = [n for n in numbers if n == 0 or (10**digits) * 100_000_000 < n] or [
        10**digits * 2 * 10**8
    ]
    expected = [pd.Timestamp(n * 10 ** (9 - digits), tz="UTC") for n in numbers]
    assert list(parse_times(numbers).times) == expected
    texts = [n for n in numbers if n >= 10**8]
    assert list(parse_times([str(n) for n in texts]).times) == [
        pd.Timestamp(n * 10 ** (9 - digits), tz="UTC") for n in texts
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4 * 10**15), min_size=1, max_size=5))
def test_float_seconds_are_exact_to_microseconds(moments: list[int]) -> None:
    """The decimal that was written counts, not its nearest binary fraction."""
    numbers = [float(f"{moment // 10**6}.{moment % 10**6:06}") for moment in moments]
    assert list(parse_times(numbers).times) == [
        pd.Timestamp(moment * 1000, tz="UTC") for moment in moments
    ]


@pytest.mark.parametrize("name", ["ts", "timestamp", "time", "@timestamp"])
def test_number_longer_than_a_float_is_exact(tmp_path: Path, name: str) -> None:
    """Nanoseconds written as a JSON number, as date +%s.%N does, are read from the line."""
    line = f'{{"x": {{"{name}": 1.5}}, "{name}" : 1795406706.123456789}}\n'
    (tmp_path / "a.log").write_text(line + f'{{"{name}": 1795406706.5}}\n')
    times = log_frame(tmp_path).frame["timestamp"]
    assert list(times) == [NANOSECONDS, pd.Timestamp("2026-11-23T04:05:06.5Z")]


def test_original_spelling_is_kept(tmp_path: Path) -> None:
    """A time that a column cannot hold as it was written is beside it."""
    written: list[Any] = ["2016-12-31T23:59:60Z", "2026-11-23T04:05:06.1234567891234Z", "soon", 5]
    (tmp_path / "a.log").write_text("".join(json.dumps({"timestamp": w}) + "\n" for w in written))
    frame = log_frame(tmp_path).frame
    assert frame["record.timestamp"].tolist() == written
