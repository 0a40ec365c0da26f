"""Times of one spelling, parsed together."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securenet_obs.probes.logs.fields.spellings import SPELLING, parse_time
from securenet_obs.probes.logs.fields.times import parse_times
from securenet_obs.probes.logs.fields.uniform_times import parse_uniform_times

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


@pytest.mark.parametrize(
    "other",
    [
        "2026-11-23 04:05:06Z",
        "2026-11-23T04:05:06z",
        "2026-11-23T04:05:06.5Z",
        "2026-11-23T04:05:0\uff16Z",
        "",
    ],
)
def test_a_text_of_another_spelling_is_left_to_others(other: str) -> None:
    """Only texts that differ in digits alone are parsed; an impossible date is not a known time."""
    first, last = "2026-11-23T04:05:06Z", "2026-02-30T04:05:06Z"
    spelling = SPELLING.fullmatch(first)
    assert spelling is not None
    instants, is_alike = parse_uniform_times([first, other, last], spelling)
    assert is_alike.tolist() == [True, False, True]
    assert instants.is_known.tolist() == [True, False, False]
    assert instants.seconds[0] == 1795406706
