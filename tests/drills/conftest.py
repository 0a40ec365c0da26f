"""What the tests of drills share: a judge that runs the project's notebooks as the CLI does."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from securenet_obs.runner.catalog import find
from securenet_obs.runner.command import Command, order_for
from securenet_obs.runner.progress import PlainLines
from securenet_obs.runner.target import target_of
from securenet_obs.stack.drills import Judge, Said

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def judge(warm: Callable[[], str], tmp_path: Path) -> Judge:
    """Return a function that runs a notebook against a target and returns what it says."""

    def run(notebook: str, parameters: Sequence[str], environment: Mapping[str, str]) -> Said:
        target = target_of("drill", environment)
        command = Command(target, tmp_path / "evidence", PlainLines(Console()), warm=warm())
        outcome = command.run([order_for(find(PROJECT, notebook), parameters)])
        (record,) = outcome.runs
        failed = frozenset(check.name for check in record.checks if check.outcome == "failed")
        return Said(outcome.verdict.value, failed)

    return run
