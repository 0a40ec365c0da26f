"""Quarantined items of a file, judged again; `test_file_quarantine.py` replays whole files."""

from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.counting.places import WHOLE_LINE, Place, Places
from securenet_obs.detection.network.readers.entries import Entry
from securenet_obs.detection.network.rejudging import Rejudged, places_by_offset

FIRST, SECOND = Place(7, 90, 0, "a"), Place(7, 90, 2, "b")


def test_the_places_of_a_line_are_together() -> None:
    """By its position in the file."""
    other = Place(9, 120, WHOLE_LINE, "c")
    assert places_by_offset([FIRST, SECOND, other]) == {90: [FIRST, SECOND], 120: [other]}


def test_an_item_that_is_not_found_stays() -> None:
    """Its line has fewer items now, or is at fault as a whole: the others are counted already."""
    for entry in (
        Entry(1, 90, 1, {"time": 1.6e9}, "", b""),
        Entry(1, 90, 0, None, "not JSON", b"x"),
    ):
        judged = Rejudged()
        judged.add([FIRST, SECOND], [entry])
        assert judged.taken == []
        whole = Partial(lines=2, quarantined=2, places=Places([FIRST, SECOND]))
        judged.apply_to(whole, "log")
        assert (whole.lines, whole.quarantined, whole.records) == (2, 2, 0)
        assert list(whole.places) == [FIRST, SECOND]
