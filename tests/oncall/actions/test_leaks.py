"""A leaked secret is rotated first; then only the confirmed places are purged, each once."""

from collections.abc import Iterator

import pytest

from securenet_obs.errors import ActionError
from securenet_obs.oncall.actions.leaks import purge_secret
from securenet_obs.oncall.actions.step import Action
from securenet_obs.oncall.copies import Copy, Skipped, Spelled


class Place:
    """A source with copies by place, which records what is done."""

    def __init__(self, *places: str, fails: str = "") -> None:
        self.places = list(places)
        self.fails = fails
        self.done: list[str] = []

    def search(self, _secrets: Spelled | None = None) -> Iterator[Copy | Skipped]:
        """Yield a copy for each place."""
        yield from self.list_copies()

    def list_copies(self) -> Iterator[Copy]:
        """Yield a copy for each place."""
        for place in self.places:
            yield Copy(
                "KEY", place, 2, "unknown", f"mask it in {place}", lambda p=place: self.purge(p)
            )  # type: ignore[misc]

    def purge(self, place: str) -> None:
        """Remove the copy of a place."""
        if place == self.fails:
            raise ActionError(f"{place} is read-only")
        self.done.append(place)

    def settle(self) -> None:
        """Record the end."""
        self.done.append("settled")


def rotation(place: Place, *, fails: bool = False) -> Action:
    """Return a rotation that is recorded."""

    def run() -> str:
        if fails:
            raise ActionError("it exited with 1")
        place.done.append("rotated")
        return "another value"

    return Action("rotate_secret", "rotate KEY", "none: it", lambda: {"KEY": "valid"}, run, "cmd")


def build(place: Place, rotate: Action | None) -> Action:
    return purge_secret("KEY", list(place.list_copies()), place.list_copies, [place], rotate)


def test_a_place_that_was_not_confirmed_stays() -> None:
    """A copy that appears later needs a dry run of its own."""
    place = Place("a", "b")
    action = build(place, rotation(place))
    place.places.append("c")
    assert action.run() == "another value; 4 copies were purged"
    assert place.done == ["rotated", "a", "b", "settled"]
    assert action.does == "rotate KEY, then purge KEY: mask it in a, mask it in b"
    assert action.command == "cmd"


def test_the_state_is_that_of_the_places() -> None:
    """A number of copies that grows every second does not refuse a confirmation."""
    states = [build(Place(*names), None).read_state() for names in ("ab", "ba", "abc")]
    assert states[0] == states[1] != states[2]


def test_nothing_is_purged_without_the_rotation() -> None:
    """The copies show where the secret was; a repetition begins anew."""
    place = Place("a")
    with pytest.raises(ActionError, match="exited with 1"):
        build(place, rotation(place, fails=True)).run()
    assert place.done == []


def test_a_place_that_fails_keeps_no_other_from_its_purge() -> None:
    """The error names it."""
    place = Place("a", "b", "c", fails="a")
    with pytest.raises(ActionError, match="4 copies were purged; not purged: a is read-only"):
        build(place, None).run()
    assert place.done == ["b", "c"]


def test_of_many_places_the_rest_is_counted() -> None:
    """A dry run stays readable; the confirmation is bound to all of them."""
    action = build(Place(*(f"p{n:03}" for n in range(60))), None)
    assert action.does.endswith("mask it in p049, the same in 10 more places")
    assert action.read_state()["places"].startswith("60, digest ")
