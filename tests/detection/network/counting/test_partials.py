"""Partial results of logs."""

import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.counting.partial_json import as_json, from_json
from securenet_obs.detection.network.counting.partials import Partial, merge
from securenet_obs.detection.network.readers.ranges import ranges_at
from tests.detection.network.test_records import SURICATA, ZEEK

BAD = [b"not json", b"[1]", b"", b'{"ts": "never", "uid": "x"}', b"\xff"]


def written(partial: Partial) -> bytes:
    """Return the bytes of a partial result."""
    return orjson.dumps(as_json(partial))


def log_of(numbers: random.Random, count: int) -> bytes:
    """Return a log of several formats, with bad lines among them."""
    lines: list[bytes] = []
    for number in range(count):
        base = numbers.choice([ZEEK, SURICATA, {"time": 1.6e9 + number, f"k{number % 7}": number}])
        item: dict[str, Any] = dict(base)
        if base is ZEEK:
            item |= {"ts": 1.6e9 + number * 10, "id.orig_h": f"10.0.{number % 200}.{number % 11}"}
        lines.append(json.dumps(item).encode() if numbers.random() < 0.9 else numbers.choice(BAD))
    return b"\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_partial_results_merge_exactly(seed: int, tmp_path: Path) -> None:
    """Ranges at random, each delivered twice, in any order, have the bytes of the whole."""
    numbers = random.Random(seed)
    path = tmp_path / "log"
    data = log_of(numbers, 400)
    path.write_bytes(data)
    whole = written(analyse(path, by_minute=True))
    cuts = sorted(numbers.sample(range(1, len(data)), numbers.randint(1, 12)))
    parts = [(part.start, analyse(path, part, by_minute=True)) for part in ranges_at(data, cuts)]
    delivered = parts * 2
    numbers.shuffle(delivered)
    received = {start: from_json(json.loads(written(part))) for start, part in delivered}
    assert written(merge(received)) == whole
    assert len(json.loads(whole)["minutes"]) > 10


def test_the_place_of_a_quarantined_item_is_that_in_the_file(tmp_path: Path) -> None:
    """Line numbers count from the start of the file, in any range."""
    path = tmp_path / "log"
    path.write_bytes(b'{"a": 1}\n[1, 2]\n\nbad\n')
    expected = [(2, 9, 0), (2, 9, 1), (4, 17, 0)]
    for cuts in ([], [9], [10], [16], [17]):
        parts = ranges_at(path.read_bytes(), cuts)
        whole = merge({part.start: analyse(path, part) for part in parts})
        assert [(item.line, item.offset, item.place) for item in whole.items] == expected
        assert {item.file for item in whole.items} == {str(path)}
