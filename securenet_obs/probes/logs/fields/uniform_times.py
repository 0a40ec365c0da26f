"""Parses many times of one spelling at once, as `spellings.parse_time` parses each."""

import re
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from securenet_obs.probes.logs.fields.instants import (
    FIRST_SECOND,
    LAST_SECOND,
    Instants,
    Integers,
    Mask,
)

_Characters: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
_Digits: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]

_NUMBERS = ("year", "month", "day", "hour", "minute", "second", "zone_hour", "zone_minute")
_DAY_S = 86400


def parse_uniform_times(texts: Sequence[str], spelling: re.Match[str]) -> tuple[Instants, Mask]:
    """Parse the texts that are spelt alike: they differ from the match in digits only.

    Returns the instants, known where a text is a valid time, and a mask of the texts that are spelt
    alike. Leap seconds are not parsed.
    """
    characters, is_alike = _transpose(texts, len(spelling[0]))
    spans = {name: spelling.span(name) for name in (*_NUMBERS, "fraction")}
    places = {place for span in spans.values() for place in range(*span)}
    digits = _drop_repeated(characters)
    for place, character in enumerate(spelling[0].encode()):
        digits[place] -= np.uint8(ord("0"))
        is_alike &= digits[place] <= 9 if place in places else characters[place] == character
    start, end = spans.pop("fraction")
    numbers = {name: _read_number(digits[slice(*span)]) for name, span in spans.items()}
    nanoseconds = _read_number(digits[start : min(end, start + 9)])
    nanoseconds = nanoseconds * 10 ** max(0, 9 - (end - start))
    seconds, is_valid = _count_seconds(numbers, spelling["sign"])
    return Instants(seconds, nanoseconds, is_valid & is_alike), is_alike


def _drop_repeated(characters: _Characters) -> list[_Digits]:
    """Return the characters of each place: one if all texts have the same, as in a date."""
    repeats = (characters == characters[:, :1]).all(axis=1)
    return [
        place[:1].copy() if repeated else place.copy()
        for place, repeated in zip(characters, repeats, strict=True)
    ]


def _transpose(texts: Sequence[str], length: int) -> tuple[_Characters, Mask]:
    """Return a row for each place in the texts, and which texts have this length in ASCII."""
    is_usable = np.ones(len(texts), dtype=bool)
    joined = "".join(texts)
    if set(map(len, texts)) != {length} or not joined.isascii():
        is_usable = np.fromiter(
            (len(text) == length and text.isascii() for text in texts), bool, len(texts)
        )
        joined = "".join(
            text if usable else "0" * length for text, usable in zip(texts, is_usable, strict=True)
        )
    characters = np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), length)
    return characters.T.copy(), is_usable


def _read_number(digits: Sequence[_Digits]) -> Integers:
    """Return the number in each text; one number if all texts have the same."""
    number = np.zeros(1, dtype=np.int64)
    for place in digits:
        number = number * 10 + place
    return number


def _count_seconds(numbers: dict[str, Integers], sign: str | None) -> tuple[Integers, Mask]:
    year, month, day, hour, minute, second, zone_hour, zone_minute = (
        numbers[name] for name in _NUMBERS
    )
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[D]") - first).astype(np.int64)
    offset = (zone_hour * 3600 + zone_minute * 60) * (-1 if sign == "-" else 1)
    days = first.astype(np.int64) + day - 1
    seconds = days * _DAY_S + hour * 3600 + minute * 60 + second - offset
    is_valid = (
        (year >= 1)
        & (month >= 1)
        & (month <= 12)
        & (day >= 1)
        & (day <= length)
        & (hour <= 23)
        & (minute <= 59)
        & (second <= 59)
        & (zone_hour <= 23)
        & (zone_minute <= 59)
        & (seconds >= FIRST_SECOND)
        & (seconds <= LAST_SECOND)
    )
    return seconds, is_valid
