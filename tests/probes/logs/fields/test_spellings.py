"""One written time, and its spelling."""

import pytest

from securenet_obs.probes.logs.fields.spellings import parse_time

SECONDS = 1795406706


@pytest.mark.parametrize(
    ("text", "instant", "problem"),
    [
        ("2026-11-23T04:05:06.123456Z", (SECONDS, 123_456_000), None),
        ("2026-11-23T04:05:06Z", (SECONDS, 0), "no microseconds"),
        ("2026-11-23T06:05:06.123456+02:00", (SECONDS, 123_456_000), "an offset instead of Z"),
        ("23/Nov/2026:04:05:06 +0000", (SECONDS, 0), "an offset instead of Z"),
        ("2026-11-23 04:05:06 UTC", (SECONDS, 0), "not in SecureNet's spelling"),
        (f"{SECONDS}123456789", (SECONDS, 123_456_789), "not in SecureNet's spelling"),
        ("2016-12-31T23:59:60Z", (1483228800, 0), "a leap second"),
        ("2026-11-23 04:05:06", None, "no time zone"),
        ("2026-02-30T04:05:06Z", None, "not a timestamp"),
        ("yesterday", None, "not a timestamp"),
    ],
)
def test_a_time_has_its_instant_and_its_problem(
    text: str, instant: tuple[int, int] | None, problem: str | None
) -> None:
    """A time with a zone is known to the nanosecond; only SecureNet's spelling has no problem."""
    assert parse_time(text) == (instant, problem)
