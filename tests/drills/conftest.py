"""What the tests of drills share: the judge that the command has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securenet_obs.cli.drills import judging
from securenet_obs.drills import Judge

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """Yield what runs a notebook of the project against a target and returns what it says."""
    with judging(PROJECT) as judge:
        yield judge
