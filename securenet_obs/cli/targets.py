"""The commands for targets: the local stack, and whatever is to run in a target's environment."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT
from securenet_obs.errors import StackError

if TYPE_CHECKING:
    from securenet_obs.runner.target import Target


def is_without_stack(file: Path | None) -> bool:
    """Say whether a local stack would have to be started to have a target."""
    from securenet_obs.runner.target import is_configured
    from securenet_obs.stack import running_stack

    return file is None and not is_configured() and running_stack() is None


@contextmanager
def chosen_target(file: Path | None, shown: Console, *, needed: bool = True) -> "Iterator[Target]":
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


def enter_target(file: Path | None) -> None:
    """Make this process one of the target's, for what it imports from now on.

    Raises:
        SettingsError: the env file cannot be used.
        StackError: no target is meant: no file, no variables, no running stack.
    """
    from securenet_obs.runner.target import is_configured, target_from_file
    from securenet_obs.stack import running_stack

    if file is not None:
        os.environ.update(target_from_file(file).environment)
    elif not is_configured():
        state = running_stack()
        if state is None:
            raise StackError(
                "There is no target: name an env file with --target, set its variables, or start "
                "a local stack with `securenet-obs up`."
            )
        os.environ.update(state.environment)


@click.command()
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
        chosen_target(target, STDOUT) as chosen,
        jupyter_lab(root, chosen.environment, port=port, browser=not no_browser) as opened,
    ):
        process, address = opened
        STDOUT.print(f"JupyterLab: {address} (Ctrl-C ends it)", soft_wrap=True)
        wait_for(process)


@click.command("exec", context_settings={"ignore_unknown_options": True})
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
    with chosen_target(target, STDERR) as chosen:
        environment = {**chosen.environment, "PATH": path}
        done = subprocess.run([program, *command[1:]], env=environment, check=False)  # noqa: S603
    sys.exit(done.returncode)


@click.command()
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


@click.command()
@options.stack_name
def up(name: str) -> None:
    """Start the local stack and keep it in the foreground, with its logs; Ctrl-C ends it.

    Example: securenet-obs up
    """
    from securenet_obs.stack import LocalStack, follow

    with LocalStack(name, report=STDOUT.print) as stack:
        address, email, password = stack.dashboard
        STDOUT.print(f"Errors: {address} (login {email}, password {password})", soft_wrap=True)
        follow(stack.parts)


@click.command()
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
        print_rows(STDOUT, [part.shown() for part in parts])
    else:
        STDOUT.print(f"The stack {name!r} is not running.")
    sys.exit(0 if parts and all(part.ready for part in parts) else 1)


@click.command()
@options.stack_name
def down(name: str) -> None:
    """End the running stack.

    Example: securenet-obs down
    """
    from securenet_obs.stack import down as take_down

    ended = take_down(name)
    STDOUT.print(f"The stack {name!r} " + ("is down." if ended else "was not running."))


COMMANDS = (lab, execute, env, up, status, down)
