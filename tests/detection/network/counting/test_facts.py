"""Facts that metrics count."""

from datetime import UTC, datetime

from securenet_obs.detection.network.counting.analysis import metrics_normaliser
from securenet_obs.detection.network.counting.facts import FactCounts
from tests.detection.network.test_records import SURICATA, ZEEK


def test_records_with_equal_facts_are_counted_together() -> None:
    """The bytes of a snapshot are left out, the span has the first and the last time."""
    counts = FactCounts()
    for item in (ZEEK, ZEEK | {"ts": ZEEK["ts"] + 1}, SURICATA):
        counts.add(metrics_normaliser().normalise(item))
    assert sorted(counts.groups.values()) == [[1, 0, 0, 0], [2, 78, 110, 188]]
    assert counts.events["10.0.1.6"] == 2
    assert (counts.sent["10.0.1.6"], counts.sent["10.0.0.4"]) == (78, 110)
    assert [len(addresses) for addresses in counts.peers.values()] == [2, 2]
    assert counts.size == 6
    assert counts.first == datetime(2011, 8, 12, 12, 52, 57, 716360, UTC)
    assert counts.last == datetime(2020, 4, 30, 0, 6, 40, 500000, UTC)
