"""The `drill` command, and the runner of validations that it gives to the drills."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.cli.parameter_types import NonEmptyPath, WholeNumber
from securenet_obs.processes.scratch import scratch_folder
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from securenet_obs.drills import ValidationRunner
    from securenet_obs.stack.local_stack import StoreKind


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--tasks",
    type=WholeNumber(min=20, max=100_000),
    default=500,
    show_default=True,
    help="Tasks in flight when a fault is put in.",
)
@click.option(
    "--with",
    "requirements",
    multiple=True,
    metavar="REQUIREMENT",
    help="Rehearse an upgrade to this version, such as celery==5.7.0; can be repeated.",
)
@click.option(
    "--wheels",
    type=NonEmptyPath(exists=True, file_okay=False),
    help="Folder of wheels to install the upgrade from, without a network.",
)
@options.store
@options.root
@options.as_json
def drill(
    names: tuple[str, ...],
    tasks: int,
    requirements: tuple[str, ...],
    wheels: Path | None,
    store: "StoreKind",
    root: Path,
    as_json: bool,
) -> None:
    """Inject faults into local stacks with tasks in flight.

    Runs all drills, or those named. Exits with 1 if a task was lost or doubled, or a fault went
    unnoticed.

    With --with, validations and drills run with today's packages, with new workers, with new
    producers (API and beat), and with both. Exits with 1 if one broke that passes today.

    Example: securenet-obs drill --with celery==5.7.0 --with kombu==5.7.0
    """
    from securenet_obs.drills import DRILLS, render_drill_table, run_drill, serialise_drill_result
    from securenet_obs.runner.console.layout import print_whole
    from securenet_obs.runner.notebook.catalog import find
    from securenet_obs.runner.notebook.roots import work_folder
    from securenet_obs.stack.state import default_root

    selected = names or tuple(DRILLS)
    if unknown := sorted(set(selected) - DRILLS.keys()):
        hint = did_you_mean(unknown[0], DRILLS)
        raise click.UsageError(
            f"There is no drill {unknown[0]!r}.{hint} There are {', '.join(DRILLS)}."
        )
    for notebook in {alarm.notebook for name in selected for alarm in DRILLS[name].expected_alarms}:
        # Fail before the first fault, not after it.
        find(root, notebook)
    if requirements:
        _rehearse(requirements, wheels, names, tasks, store, root, as_json)
    if wheels:
        raise click.UsageError("--wheels is for an upgrade; name it by --with.")
    with validation_runner(root) as run_validation:
        results = [
            run_drill(
                name,
                run_validation=run_validation,
                root=default_root(work_folder(root)),
                store=store,
                tasks=tasks,
                report=_report_on(STDERR),
            )
            for name in selected
        ]
    if as_json:
        print_json([serialise_drill_result(result) for result in results])
    else:
        print_whole(STDOUT, render_drill_table(results))
    sys.exit(any(result.verdict == "failed" for result in results))


def _rehearse(
    requirements: Sequence[str],
    wheels: Path | None,
    names: Sequence[str],
    tasks: int,
    store: "StoreKind",
    root: Path,
    as_json: bool,
) -> NoReturn:
    """Rehearse an upgrade, print the table, and exit."""
    from securenet_obs.drills.upgrades import (
        REHEARSED_DRILLS,
        Rehearsing,
        build_overlay,
        render_rehearsal,
        serialise_rehearsal,
    )
    from securenet_obs.runner.console.layout import print_whole
    from securenet_obs.runner.notebook.roots import work_folder
    from securenet_obs.runner.orders import orders_to_validate
    from securenet_obs.stack.state import default_root

    state, report = default_root(work_folder(root)), _report_on(STDERR)
    # An exclusive one runs drills itself, on a stack of its own.
    notebooks = [order.notebook for order in orders_to_validate(root)]
    validations = [each.name for each in notebooks if not each.declared.exclusive]
    overlay = build_overlay(requirements, state, wheels=wheels, report=report)
    with validation_runner(root) as run_validation:
        rehearsal = Rehearsing(
            overlay,
            validations,
            run_validation,
            state,
            drills=names or REHEARSED_DRILLS,
            store=store,
            tasks=tasks,
            report=report,
        ).run()
    if as_json:
        print_json(serialise_rehearsal(rehearsal))
    else:
        print_whole(STDOUT, render_rehearsal(rehearsal))
    sys.exit(bool(rehearsal.broken))


def _report_on(console: Console) -> Callable[[str], None]:
    return lambda sentence: console.print(sentence, markup=False, soft_wrap=True)


@contextmanager
def validation_runner(root: Path) -> "Iterator[ValidationRunner]":
    """Yield a function that runs a validation during a fault and discards its evidence.

    It raises KeyboardInterrupt if Ctrl-C or SIGTERM ended the validation: the command ends, too.
    """
    from securenet_obs.drills import ValidationOutcome
    from securenet_obs.runner.command import Command
    from securenet_obs.runner.console.progress import PlainLines
    from securenet_obs.runner.kernel.forked import warm_server
    from securenet_obs.runner.notebook.catalog import find
    from securenet_obs.runner.orders import order_for
    from securenet_obs.runner.record.verdict import Verdict
    from securenet_obs.runner.target import target_of

    silent = PlainLines(Console(quiet=True))
    with warm_server() as server, scratch_folder() as evidence:

        def run_validation(
            notebook: str, parameters: Sequence[str], target: Mapping[str, str]
        ) -> ValidationOutcome:
            order = order_for(find(root, notebook), parameters)
            local = target_of("local stack", target, local=True)
            command = Command(local, evidence, silent, warm=server())
            outcome = command.run([order])
            if outcome.verdict == Verdict.INTERRUPTED:
                raise KeyboardInterrupt
            (run,) = outcome.runs
            failed = frozenset(check.name for check in run.checks if check.outcome == "failed")
            return ValidationOutcome(outcome.verdict.value, failed)

        yield run_validation
