"""The `doubt` command, and a validation that is always green on a real stack."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from securenet_obs.cli import cli
from securenet_obs.cli.commands.drills import validation_runner
from securenet_obs.drills.doubt import KNOWN_FAULTS, doubt
from securenet_obs.drills.doubt.doubting import Notice
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[3]
GREEN = """
from securenet_obs.checks import Checks
checks = Checks()
checks.expect("one is one", expected=1, observed=1)
checks.conclude()
"""
EVICTED = [KNOWN_FAULTS["keys-evicted"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "local-tim"], "Did you mean local-time?"),
        (["-p", "a=1"], "-p needs a NOTEBOOK"),
    ],
)
def test_a_mistake_is_found_before_a_stack_starts(arguments: list[str], message: str) -> None:
    """The message names what to write instead."""
    done = CliRunner().invoke(cli, ["doubt", *arguments])
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.slow
def test_a_validation_that_is_always_green_notices_no_fault(
    write: Callable[..., Path], stack: LocalStack
) -> None:
    """One that looks at Redis's policy notices it, on the same stack."""
    path = write(GREEN)
    with validation_runner(path.parents[1]) as run:
        blind = doubt(path.stem, [], EVICTED, stack, run)
    assert (blind.noticed, blind.unnoticed) == ([], ["keys-evicted"])
    with validation_runner(PROJECT) as run:
        seeing = doubt("08_the_broker_is_safe", [], EVICTED, stack, run)
    assert seeing.noticed == [Notice("keys-evicted", "no key is evicted", "failed")]
