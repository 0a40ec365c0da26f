"""What the tests of drills share: the judge that the command has."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securenet_obs.cli.drills import validation_runner
from securenet_obs.drills import ValidationRunner

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run_validation() -> Iterator[ValidationRunner]:
    """Yield what runs a notebook of the project against a target and returns what it says."""
    with validation_runner(PROJECT) as run_validation:
        yield run_validation
