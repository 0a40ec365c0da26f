"""Commands for notebooks (`list`, `show`, `run`, `validate`) and evidence folders (`verify`)."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import Choice, choose
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.cli.options import RunOptions
from securenet_obs.cli.parameter_types import NonEmptyPath
from securenet_obs.cli.reporting import report_outcomes
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from securenet_obs.runner.comparison.collecting import StateReader
    from securenet_obs.runner.record.order import Order


@click.command("list")
@options.as_json
@options.root
def list_notebooks(as_json: bool, root: Path) -> None:
    """List the notebooks.

    A broken one is named on standard error, and has an `error` in JSON; the exit code stays 0.

    Example: securenet-obs list --json
    """
    from securenet_obs.runner.console.report import print_catalog
    from securenet_obs.runner.notebook.catalog import none_below, read_all

    notebooks, broken = read_all(root)
    if as_json:
        rows = [notebook.described() for notebook in notebooks]
        print_json(rows + [row.described() for row in broken])
    else:
        print_catalog(STDOUT, notebooks)
    if not (notebooks or broken):
        STDERR.print(none_below(root, "notebooks"), markup=False, soft_wrap=True)
    for row in broken:
        STDERR.print(row.reason, style="yellow", markup=False, soft_wrap=True)


@click.command()
@click.argument("notebook")
@options.plain
@options.as_json
@options.root
def show(notebook: str, plain: bool, as_json: bool, root: Path) -> None:
    """Show a notebook's purpose and parameters.

    A default that a foreign notebook computes is shown as its source.

    Example: securenet-obs show 01_sentry_receives_errors
    """
    from securenet_obs.runner.console.report import print_notebook
    from securenet_obs.runner.notebook.catalog import find

    found = find(root, notebook, plain=plain)
    if as_json:
        print_json(found.described())
    else:
        print_notebook(STDOUT, found)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.jobs
@options.on
@options.targets
@options.tenants
@options.resume
@options.run_options
def validate(
    names: tuple[str, ...],
    jobs: int,
    on: str,
    targets: tuple[str, ...],
    tenants: tuple[str, ...],
    resume: str | None,
    run_options: RunOptions,
) -> None:
    """Run the validations, all of them or those named.

    With --on celery each runs in a validation worker; output and exit code are the same.

    Example: securenet-obs validate 01_sentry_receives_errors --evidence out
    """
    from securenet_obs.cli.distribution import check_options, run_on_workers
    from securenet_obs.runner.orders import orders_to_resume, orders_to_validate

    if resume is not None and (names or tenants):
        raise click.UsageError("--resume runs what had not passed; it takes no names or tenants.")
    if resume is not None and run_options.cwd:
        raise click.UsageError("--resume runs where the runs had worked; it takes no --cwd.")
    if resume is not None:
        _check_resumed(resume, run_options.evidence)
        orders = orders_to_resume(run_options.evidence, resume)
    else:
        deadlines = run_options.deadline, run_options.cell_deadline
        cwd = run_options.cwd
        orders = orders_to_validate(run_options.root, names, *deadlines, cwd, tenants)
    check_options(on, targets, run_options)
    if on == "celery":
        run_on_workers(orders, targets, run_options, resumes=resume or "")
    _run("validate", orders, run_options, jobs=jobs, resumes=resume or "")


def _check_resumed(name: str, evidence: Path) -> None:
    """Refuse a name without an evidence folder; an empty name would match all of them."""
    if not name or not (Path(name).is_dir() or (evidence / name).is_dir()):
        hint = did_you_mean(name, (path.name for path in evidence.glob("*/")))
        raise click.UsageError(f"--resume {name!r}: there is no such run in {evidence}.{hint}")


@click.command()
@click.argument("notebook")
@options.parameters
@click.option("--i-am", metavar="NAME", help="Your name, for a runbook that acts in production.")
@options.plain
@options.run_options
def run(
    notebook: str,
    parameters: tuple[str, ...],
    i_am: str | None,
    plain: bool,
    run_options: RunOptions,
) -> None:
    """Run one notebook with parameters.

    Example: securenet-obs run 01_sentry_receives_errors -p deadline_s=30
    """
    from securenet_obs.runner.kernel.lone import quick_servers

    with quick_servers(cold=run_options.cold) as servers:
        from securenet_obs.runner.notebook.catalog import find
        from securenet_obs.runner.orders import order_for

        found = find(run_options.root, notebook, plain=plain)
        socket = servers(found.document)
        deadlines = run_options.deadline, run_options.cell_deadline
        named = () if i_am is None else (f"i_am={i_am}",)
        order = order_for(found, (*parameters, *named), *deadlines, run_options.cwd)
        _run("run", [order], run_options, socket=socket)


def _run(
    name: str,
    orders: "Sequence[Order]",
    run_options: RunOptions,
    *,
    jobs: int = 1,
    resumes: str = "",
    socket: str = "",
) -> NoReturn:
    """Run the orders against their target, report, and exit with the verdict."""
    from securenet_obs.runner.command import Command
    from securenet_obs.runner.console.progress import progress
    from securenet_obs.runner.console.timings import NOTEBOOKS, Timings
    from securenet_obs.runner.evidence.folder import check_root
    from securenet_obs.runner.kernel.forked import warm_server
    from securenet_obs.runner.preflight import skip_reason

    needs_target = any(order.notebook.declared.all_needs for order in orders)
    choice = _choose(orders, run_options, needed=needs_target)
    runnable = [
        order for order in orders if not skip_reason(order.notebook.declared, choice.target)
    ]
    # Checked before a stack is brought up, which takes long.
    check_root(run_options.evidence)
    console = STDERR if run_options.as_json else STDOUT
    # The warm server pays off beside a stack or for several runs; a single cold kernel is faster.
    start = len(runnable) > 1 or (choice.starts and len(runnable) == 1)
    timings = Timings()
    failed: list[bool] = []
    with (
        warm_server(wanted=not (run_options.cold or socket), start=start) as server,
        timings.around("stack", choice.enter(console, keeps_logs=lambda: any(failed))) as target,
        progress(console) as listener,
    ):
        with timings.phase("kernels' server"):
            socket = socket or server()
        command = Command(
            target,
            run_options.evidence,
            listener,
            jobs,
            run_options.retries,
            socket,
            resumes,
            state=_state_readers() if needs_target else {},
            is_latest=True,
        )
        with timings.phase(NOTEBOOKS):
            outcome = command.run(orders, name)
        # The links of failed checks lead to these lines.
        failed.append(outcome.verdict.exit_code != 0)
    report_outcomes([(target, outcome)], run_options, timings)


def _state_readers() -> "dict[str, StateReader]":
    """Return the readers of a target's configuration."""
    from securenet_obs.probes.celery.configuration import read_redis_configuration

    return {"redis": read_redis_configuration}


def _choose(orders: "Sequence[Order]", run_options: RunOptions, *, needed: bool) -> Choice:
    """Return the choice of the target, which can serve the orders."""
    from securenet_obs.runner.preflight import Demand, secret_names

    choice = choose(
        run_options.target,
        local=run_options.local,
        needed=needed,
        secrets=secret_names(orders),
        root=run_options.root,
    )
    choice.check([Demand.of(order) for order in orders])
    return choice


@click.command()
@click.argument("folder", type=NonEmptyPath(exists=True, file_okay=False))
@options.as_json
def verify(folder: Path, as_json: bool) -> None:
    """List the changes to an evidence folder since it was closed.

    Example: securenet-obs verify evidence/20261123T041200Z-1a2b3c4d
    """
    from securenet_obs.runner.evidence.folder import verify as changes_in

    changes = changes_in(folder)
    if as_json:
        print_json({"folder": str(folder), "changes": changes})
        sys.exit(1 if changes else 0)
    for change in changes:
        STDOUT.print(change, markup=False, soft_wrap=True)
    STDOUT.print("unchanged" if not changes else f"{len(changes)} changed")
    sys.exit(1 if changes else 0)


COMMANDS = (list_notebooks, show, validate, run, verify)
