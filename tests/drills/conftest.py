"""Fixture of the drills' tests: the command's own function that runs validations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from securenet_obs.cli.commands.drills import validation_runner
from securenet_obs.drills import ValidationRunner

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run_validation() -> Iterator[ValidationRunner]:
    """Yield a function that runs a validation against a target and returns its outcome."""
    with validation_runner(PROJECT) as run_validation:
        yield run_validation
