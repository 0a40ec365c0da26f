"""Counted files in their rows."""

from datetime import UTC, datetime

from securenet_obs.detection.network.counting.partial_json import as_json
from securenet_obs.detection.network.counting.partials import Partial
from securenet_obs.detection.network.counting.places import Place, Places
from securenet_obs.detection.network.stored.counted_files import CountedFile, read_counted
from securenet_obs.store import LogFile

MINUTES = {datetime(2026, 9, 1, 8, minute, tzinfo=UTC) for minute in range(3)}


def counted(quarantined: int) -> CountedFile:
    """Return a file with a record in each of three minutes."""
    places = Places(Place(number, number, 0, "x") for number in range(quarantined))
    whole = Partial(lines=3 + quarantined, records=3, quarantined=quarantined, places=places)
    whole.talkers.add("10.0.0.1", 3, 12)
    whole.total.peers.add("10.0.0.1")
    return CountedFile(whole, MINUTES, full_minutes=1)


def test_a_counted_file_comes_back() -> None:
    """Its row has the summary, the number in quarantine, and all that a replay adds to."""
    row, file = LogFile(), counted(2)
    file.write_to(row)
    assert row.result is not None
    assert (row.quarantined, row.result["minutes"], row.result["full_minutes"]) == (2, 3, 1)
    assert row.content is not None
    back = read_counted(row.content)
    assert as_json(back.whole) == as_json(file.whole)
    assert (back.minutes, back.full_minutes) == (MINUTES, 1)


def test_the_state_is_kept_for_a_replay_only() -> None:
    """Not of a file without quarantine, and not of one that an earlier import has counted."""
    row = LogFile()
    counted(0).write_to(row)
    assert row.content is None
    counted(1).write_to(row, is_replayable=False)
    assert (row.content, row.quarantined) == (None, 1)
