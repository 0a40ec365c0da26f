"""A short coverage-guided search of each reader; `make fuzz` searches for a minute."""

import random

import pytest

from tests.detection.network.readers.fuzzed import TARGETS
from tests.guided import Search


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_reader(name: str) -> None:
    """Lines in = records + quarantined + blank, and nothing is raised."""
    search = Search(TARGETS[name], random.Random(1))
    assert search.run(executions=60) is None
    assert len(search.corpus) > 1
