import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

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
    assert times[0] == expected
    assert list(problems.dropna()) == ([] if problem is None else [problem])


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


def test_original_spelling_is_kept(tmp_path: Path) -> None:
    """A time that a column cannot hold as it was written is beside it."""
    written: list[Any] = ["2016-12-31T23:59:60Z", "2026-11-23T04:05:06.1234567891234Z", "soon", 5]
    (tmp_path / "a.log").write_text("".join(json.dumps({"timestamp": w}) + "\n" for w in written))
    frame = log_frame(tmp_path).frame
    assert frame["record.timestamp"].tolist() == written
