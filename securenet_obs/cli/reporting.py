"""Reports the outcomes of a command: tables or JSON, JUnit, notifications, the exit code."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.cli.options import RunOptions
from securenet_obs.errors import EvidenceError

if TYPE_CHECKING:
    from securenet_obs.notifications import StandingsOpener
    from securenet_obs.runner.command import Outcome
    from securenet_obs.runner.console.timings import Timings
    from securenet_obs.runner.target import Target


def report_outcomes(
    finished: "Sequence[tuple[Target, Outcome]]",
    run_options: RunOptions,
    timings: "Timings | None" = None,
    standings: "Callable[[Target], StandingsOpener] | None" = None,
) -> NoReturn:
    """Report the outcome on each target, and exit with the worst verdict.

    A JUnit report that cannot be written is an error; a notification that is not taken is not.

    Args:
        finished: the outcome of each target.
        run_options: options of the command.
        timings: how long the parts of the command took, if that is shown.
        standings: where the standings of a target are; beside the evidence by default.
    """
    from securenet_obs.notifications import announce
    from securenet_obs.runner.record.verdict import Verdict, worst

    outcomes = [outcome for _, outcome in finished]
    verdicts = [outcome.verdict for outcome in outcomes]
    problems = [outcome.unwritable for outcome in outcomes if outcome.unwritable]
    if run_options.junit and (problem := _copy_junit(outcomes[0].folder, run_options.junit)):
        verdicts.append(Verdict.ERROR)
        problems.append(problem)
    _print(finished, run_options, timings)
    for target, outcome in finished:
        for problem in announce(
            outcome.runs, target, outcome.folder, standings and standings(target)
        ):
            STDERR.print(problem, style="yellow", soft_wrap=True, markup=False)
    for problem in problems:
        STDERR.print(problem, style="red", soft_wrap=True, markup=False)
    sys.exit(worst(verdicts).exit_code)


def _copy_junit(folder: Path, path: Path) -> str:
    """Copy the JUnit report of an evidence folder; return the problem, empty for none."""
    from securenet_obs.runner.evidence.junit_copy import copy_junit

    try:
        copy_junit(folder, path)
    except EvidenceError as error:
        return str(error)
    return ""


def _print(
    finished: "Sequence[tuple[Target, Outcome]]",
    run_options: RunOptions,
    timings: "Timings | None",
) -> None:
    from securenet_obs.runner.console.report import print_outcome

    if run_options.as_json:
        more: dict[str, Any] = {"timings": timings.seconds} if timings else {}
        manifests = [{**outcome.manifest, **more} for _, outcome in finished]
        print_json(manifests if len(manifests) > 1 else manifests[0])
        return
    for target, outcome in finished:
        if len(finished) > 1:
            STDOUT.print(f"target: {target.name}", markup=False, soft_wrap=True)
        print_outcome(STDOUT, outcome.runs, outcome.folder)
        if timings:
            STDOUT.print(timings.sentence(outcome.runs), markup=False, soft_wrap=True)
