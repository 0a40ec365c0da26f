"""The command line: arguments, exit codes, and calls to those who do the work."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from rich.console import Console

from securenet_obs import __version__
from securenet_obs.errors import SecureNetObsError, StackError
from securenet_obs.runner import options
from securenet_obs.runner.options import Running

if TYPE_CHECKING:
    from securenet_obs.runner.execution import Order
    from securenet_obs.runner.target import Target

_stdout = Console(highlight=False)
_stderr = Console(stderr=True, highlight=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Validate that SecureNet's observability works.

    Exit codes: 0 passed, 1 failed, 2 bad parameters or usage, 3 error, 4 timeout, 5 kernel died,
    6 unreachable, 130 interrupted; with several runs, the worst.
    """


@cli.command("list")
@options.as_json
@options.root
def list_notebooks(as_json: bool, root: Path) -> None:
    """List the notebooks.

    Example: securenet-obs list --json
    """
    from securenet_obs.runner.catalog import find_all
    from securenet_obs.runner.report import print_catalog

    notebooks = find_all(root)
    if as_json:
        click.echo(json.dumps([notebook.described() for notebook in notebooks], indent=2))
    else:
        print_catalog(_stdout, notebooks)


@cli.command()
@click.argument("notebook")
@options.plain
@options.root
def show(notebook: str, plain: bool, root: Path) -> None:
    """Show what a notebook is for and which parameters it takes.

    Example: securenet-obs show 01_sentry_receives_errors
    """
    from securenet_obs.runner.catalog import find
    from securenet_obs.runner.report import print_notebook

    print_notebook(_stdout, find(root, notebook, plain=plain))


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.jobs
@options.resume
@options.running
def validate(names: tuple[str, ...], jobs: int, resume: str | None, running: Running) -> None:
    """Run the validations, all of them or those named.

    Example: securenet-obs validate 01_sentry_receives_errors --evidence out
    """
    from securenet_obs.runner.command import orders_to_resume, orders_to_validate

    if resume and names:
        raise click.UsageError("--resume runs what had not passed; it takes no names.")
    if resume:
        orders = orders_to_resume(running.evidence, resume)
    else:
        deadlines = running.deadline, running.cell_deadline
        orders = orders_to_validate(running.root, names, *deadlines)
    _run("validate", orders, running, jobs=jobs, resumes=resume or "")


@cli.command()
@click.argument("notebook")
@options.parameters
@options.plain
@options.running
def run(notebook: str, parameters: tuple[str, ...], plain: bool, running: Running) -> None:
    """Run one notebook with parameters.

    Example: securenet-obs run 01_sentry_receives_errors -p deadline_s=30
    """
    from securenet_obs.runner.catalog import find
    from securenet_obs.runner.command import order_for

    found = find(running.root, notebook, plain=plain)
    order = order_for(found, parameters, running.deadline, running.cell_deadline)
    _run("run", [order], running)


def _run(
    name: str, orders: "Sequence[Order]", running: Running, *, jobs: int = 1, resumes: str = ""
) -> NoReturn:
    """Run the orders against their target, report, and exit with the verdict."""
    from securenet_obs.runner.command import Command
    from securenet_obs.runner.forked import warm_server
    from securenet_obs.runner.progress import progress
    from securenet_obs.runner.report import print_outcome

    needs_target = any(order.notebook.declared.needs for order in orders)
    shown = _stderr if running.as_json else _stdout
    with (
        warm_server(wanted=not running.cold) as server,
        _target(running.target, shown, needed=needs_target) as chosen,
        progress(shown) as told,
    ):
        command = Command(chosen, running.evidence, told, jobs, running.retries, server(), resumes)
        outcome = command.run(orders, name)
    if running.as_json:
        click.echo(json.dumps(outcome.manifest, indent=2))
    else:
        print_outcome(_stdout, outcome.runs, outcome.folder)
    if outcome.unwritable:
        _stderr.print(outcome.unwritable, style="red", soft_wrap=True, markup=False)
    sys.exit(outcome.verdict.exit_code)


@contextmanager
def _target(file: Path | None, shown: Console, *, needed: bool = True) -> "Iterator[Target]":
    """Yield the target that is meant; a local stack that had to be started ends with the block."""
    from securenet_obs.runner.target import is_configured, target_from_file, target_of

    if file is not None:
        yield target_from_file(file)
    elif not needed or is_configured():
        yield target_of("environment", {})
    else:
        from securenet_obs.stack import LocalStack, running_stack

        if state := running_stack():
            yield target_of(f"local stack {state.name}", state.environment)
        else:
            shown.print("Bringing up a local stack: Redis, Bugsink, API, worker, beat")
            with LocalStack(ephemeral=True, report=shown.print) as stack:
                yield target_of(f"local stack {stack.name}", stack.environment)


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def verify(folder: Path) -> None:
    """Say what was changed in an evidence folder since it was closed.

    Example: securenet-obs verify evidence/20261123T041200Z-1a2b3c4d
    """
    from securenet_obs.runner.evidence import verify as changes_in

    changes = changes_in(folder)
    for change in changes:
        _stdout.print(change, markup=False, soft_wrap=True)
    _stdout.print("unchanged" if not changes else f"{len(changes)} changed")
    sys.exit(1 if changes else 0)


@cli.command()
@options.port
@options.no_browser
@options.target
@options.root
def lab(port: int, no_browser: bool, target: Path | None, root: Path) -> None:
    """Open JupyterLab on the notebooks, in the environment of a target.

    Example: securenet-obs lab --no-browser --port 8899
    """
    from securenet_obs.runner.lab import jupyter_lab, wait_for

    with (
        _target(target, _stdout) as chosen,
        jupyter_lab(root, chosen.environment, port=port, browser=not no_browser) as opened,
    ):
        process, address = opened
        _stdout.print(f"JupyterLab: {address} (Ctrl-C ends it)", soft_wrap=True)
        wait_for(process)


@cli.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@options.target
def execute(command: tuple[str, ...], target: Path | None) -> None:
    """Run any command in the environment of a target.

    Example: securenet-obs exec -- papermill notebooks/02_logs_are_structured_json.ipynb out.ipynb
    """
    # The programs that were installed with us are meant, whether or not our folder is on the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which(command[0], path=path)
    if program is None:
        raise click.UsageError(f"{command[0]}: there is no such program.")
    with _target(target, _stderr) as chosen:
        environment = {**chosen.environment, "PATH": path}
        done = subprocess.run([program, *command[1:]], env=environment, check=False)  # noqa: S603
    sys.exit(done.returncode)


@cli.command()
@options.stack_name
def env(name: str) -> None:
    """Print the variables of the running stack for a shell.

    Example: eval "$(securenet-obs env)"
    """
    from securenet_obs.stack import running_stack

    state = running_stack(name)
    if state is None:
        raise StackError(f"The stack {name!r} is not running; start it with `securenet-obs up`.")
    for variable, value in state.environment.items():
        # In quotes always, so that whatever reads these lines may count on them.
        click.echo("export {}='{}'".format(variable, value.replace("'", "'\\''")))


@cli.command()
@options.stack_name
def up(name: str) -> None:
    """Start the local stack and keep it in the foreground, with its logs; Ctrl-C ends it.

    Example: securenet-obs up
    """
    from securenet_obs.stack import LocalStack, follow

    with LocalStack(name, report=_stdout.print) as stack:
        address, email, password = stack.dashboard
        _stdout.print(f"Errors: {address} (login {email}, password {password})", soft_wrap=True)
        follow(stack.parts)


@cli.command()
@options.stack_name
@options.as_json
def status(name: str, as_json: bool) -> None:
    """Show the parts of the running stack; exit 1 if one is not ready.

    Example: securenet-obs status --json
    """
    from securenet_obs.runner.report import print_rows
    from securenet_obs.stack import status as parts_of

    parts = parts_of(name)
    if as_json:
        click.echo(json.dumps([asdict(part) for part in parts], indent=2))
    elif parts:
        print_rows(_stdout, [part.shown() for part in parts])
    else:
        _stdout.print(f"The stack {name!r} is not running.")
    sys.exit(0 if parts and all(part.ready for part in parts) else 1)


@cli.command()
@options.stack_name
def down(name: str) -> None:
    """End the running stack.

    Example: securenet-obs down
    """
    from securenet_obs.stack import down as take_down

    ended = take_down(name)
    _stdout.print(f"The stack {name!r} " + ("is down." if ended else "was not running."))


@cli.group()
def logs() -> None:
    """Look at log files."""


@logs.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE...")
@options.as_json
def check(sources: tuple[str, ...], as_json: bool) -> None:
    """Check that every line is strict JSON; exit 1 if any is not.

    Example: securenet-obs logs check app.log 'worker-*.log.gz' --json
    """
    from securenet_obs.probes import log_frame
    from securenet_obs.runner.report import print_rows

    report = log_frame(*sources).report()
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        print_rows(_stdout, report["rejected"])
        _stdout.print(f"{report['total']} lines, {report['valid']} valid")
    sys.exit(1 if report["rejected"] else 0)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli.main(args=arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _stderr.print("interrupted")
        sys.exit(130)
    except SecureNetObsError as error:
        from securenet_obs.runner.verdict import exit_code_for

        _stderr.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(exit_code_for(error))
    sys.exit(0)
