"""Runs of `validate --on celery`: checks options and targets, calls workers, reports."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from securenet_obs.cli.choice import choose
from securenet_obs.cli.consoles import STDERR, STDOUT, log_to_stderr
from securenet_obs.cli.options import RunOptions
from securenet_obs.cli.reporting import report_outcomes
from securenet_obs.errors import SettingsError

if TYPE_CHECKING:
    from securenet_obs.notifications import StandingsOpener
    from securenet_obs.runner.record.order import Order
    from securenet_obs.runner.target import Target


def check_options(on: str, targets: Sequence[str], run_options: RunOptions) -> None:
    """Refuse options that contradict each other.

    Raises:
        UsageError: they do.
    """
    if targets and on == "here":
        raise click.UsageError("--targets needs --on celery; one target is named with --target.")
    if targets and (run_options.target or run_options.local):
        raise click.UsageError("--targets names every target; leave --target and --local out.")
    if len(targets) > 1 and run_options.junit:
        raise click.UsageError("--junit takes the report of one target; each has its junit.xml.")
    if on == "celery" and run_options.cwd:
        raise click.UsageError("--cwd is a folder of this machine; workers do not have it.")


def run_on_workers(
    orders: "Sequence[Order]",
    targets: Sequence[str],
    run_options: RunOptions,
    *,
    resumes: str = "",
) -> NoReturn:
    """Run the orders in validation workers, report, and exit with the worst verdict."""
    from securenet_obs.distributed.caller.calling import Call
    from securenet_obs.runner.console.progress import progress
    from securenet_obs.runner.evidence.folder import check_root

    log_to_stderr()
    files: list[Path | None] = [Path(name) for name in targets]
    files = files or [run_options.target]
    chosen = [_target(file, orders, run_options) for file in files]
    check_root(run_options.evidence)
    with progress(STDERR if run_options.as_json else STDOUT) as listener:
        root, evidence = run_options.root, run_options.evidence
        call = Call(root, evidence, listener, run_options.retries, resumes)
        outcomes = call.run(chosen, orders)
    finished = list(zip(chosen, outcomes, strict=True))
    report_outcomes(finished, run_options, standings=_standings)


def _standings(target: "Target") -> "StandingsOpener":
    """Return the standings that all callers and workers of a target share."""
    from securenet_obs.distributed.connection import broker_url, connect
    from securenet_obs.distributed.standings import shared_standings

    return lambda: shared_standings(connect(broker_url(target.environment)))


def _target(file: Path | None, orders: "Sequence[Order]", run_options: RunOptions) -> "Target":
    """Return a target that is there already; workers belong to it.

    Raises:
        SettingsError: the target is refused, or would have to be started.
    """
    from securenet_obs.runner.preflight import Demand, secret_names

    choice = choose(
        file, local=run_options.local, secrets=secret_names(orders), root=run_options.root
    )
    if choice.starts:
        raise SettingsError(
            "--on celery needs a target that runs, with its validation workers: name its env file "
            "with --target, or set its variables."
        )
    choice.check([Demand.of(order) for order in orders])
    return choice.target
