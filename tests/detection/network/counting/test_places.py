"""Places of quarantined items."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.counting import places
from securenet_obs.detection.network.counting.places import WHOLE_LINE, Place, Places
from tests.searching import examples

_NUMBER = st.integers(0, 2**62)
_PLACES = st.lists(
    st.builds(Place, _NUMBER, _NUMBER, st.integers(WHOLE_LINE, 9), st.sampled_from("abc"))
)


@given(_PLACES, _PLACES, st.integers(0, 1000))
@examples(100)
def test_places_come_back(first: list[Place], second: list[Place], lines: int) -> None:
    """After they were JSON, and after those of a later range were added to them."""
    both = Places(first)
    both.append(Places(second), lines)
    both = Places.from_json(json.loads(json.dumps(both.as_json())))
    assert list(both) == first + [place._replace(line=place.line + lines) for place in second]
    assert len(both) == len(first) + len(second)


def test_the_first_places_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the file was divided; the JSON is the same, too."""
    monkeypatch.setattr(places, "MAX_PLACES", 3)
    found = [Place(number, number * 9, 0, f"reason {number}") for number in range(5)]
    whole, divided = Places(found), Places(found[:2])
    divided.append(Places(found[2:]), 0)
    assert list(whole) == found[:3]
    assert divided.as_json() == whole.as_json()


def test_equal_steps_need_few_bytes() -> None:
    """A file of nothing but bad lines has a small quarantine."""
    many = Places(Place(number, number * 100, WHOLE_LINE, "not JSON") for number in range(10_000))
    assert len(json.dumps(many.as_json())) < 10_000
