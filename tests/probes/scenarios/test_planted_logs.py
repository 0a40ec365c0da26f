from typing import Any

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.probes import REJECTED, generate_mixed_records, tabulate_planted_minutes


def test_the_minutes_are_those_of_the_records() -> None:
    """The service counts what is planted, and rejects what is malformed."""
    batch, planted = normalise_batch(generate_mixed_records()), tabulate_planted_minutes()
    minutes = batch.minutes()
    assert {str(kind) for kind in planted.dtypes} == {"int64"}
    assert dict(batch.rejected) == REJECTED
    assert list(minutes) == list(planted.index)
    counted: list[Any] = [
        {**minute.counts(), "peers": minute.peers.estimate} for minute in minutes.values()
    ]
    rows = planted.to_dict("records")
    for row, counts in zip(rows, counted, strict=True):
        assert row == {name: counts[name] for name in row}
        assert not any(counts[name] for name in counts.keys() - row.keys())
