"""Partial results as JSON values."""

import json
import random

from securenet_obs.detection.network.counting.analysis import analyse_blocks
from securenet_obs.detection.network.counting.partial_json import from_json
from tests.detection.network.counting.test_partials import log_of, written
from tests.detection.network.readers.test_streams import blocks


def test_a_partial_result_is_the_same_after_a_round_trip() -> None:
    """Through the text of JSON, as the store keeps it; also that of a range without lines."""
    full = analyse_blocks(blocks(log_of(random.Random(3), 200)), "log", by_minute=True)
    assert full.minutes
    assert full.items
    for found in (full, analyse_blocks([], "log")):
        again = from_json(json.loads(written(found)))
        assert written(again) == written(found)
        assert again.minutes == found.minutes
