from array import array

from securenet_obs.probes.logs.records.decoding import decode_lines
from securenet_obs.probes.logs.records.flattening import Cells
from securenet_obs.probes.logs.records.gathering import GatheredRange, Gathering

LINES = b'{"ts": 1795406706.123456789, "a": 1}\n{"ts": 1, "b": 2}'


def test_times_longer_than_a_float_keep_their_digits() -> None:
    """They are numbered by their rows, whatever batch they are in."""
    gathering = Gathering()
    gathering.add(decode_lines(LINES))
    gathering.add(decode_lines(LINES))
    assert gathering.long_times == {0: "1795406706.123456789", 2: "1795406706.123456789"}


def test_a_range_follows_the_records_before_it() -> None:
    """Its rows are appended, of fields that are everywhere and of others."""
    gathering = Gathering()
    gathering.add(decode_lines(LINES))
    columns = [
        Cells("a", range(2), [3, 4], {int}),
        Cells("b", array("q", [1]), [5], {int}),
        Cells("c", range(1), ["x"], {str}),
    ]
    gathering.add_range(GatheredRange(1, 2, range(2), [], {1: "2.5"}, columns))
    fields = gathering.table.fields
    assert gathering.table.count == 4
    assert {name: (list(one.rows), list(one.values)) for name, one in fields.items()} == {
        "ts": ([0, 1], [1795406706.1234567, 1]),
        "a": ([0, 2, 3], [1, 3, 4]),
        "b": ([1, 3], [2, 5]),
        "c": ([2], ["x"]),
    }
    assert gathering.long_times == {0: "1795406706.123456789", 3: "2.5"}
