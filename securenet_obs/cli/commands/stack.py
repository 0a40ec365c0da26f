"""Commands `up`, `status`, `restart`, `down` of the local stack; `env` prints its variables."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT, echo, print_json
from securenet_obs.env_file import format_exports
from securenet_obs.errors import StackError
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from securenet_obs.stack.local_stack import StoreKind
    from securenet_obs.stack.part import Part


@click.command()
@options.stack_name
@options.wait
def env(name: str, wait: float | None) -> None:
    """Print the variables of the running stack for a shell.

    Example: eval "$(securenet-obs env --wait)"
    """
    from securenet_obs.stack import (
        find_running_stack,
        find_running_stacks,
        format_stack_command,
        wait_for_stack,
    )

    state = find_running_stack(name) if wait is None else wait_for_stack(name, wait)
    if state is None:
        hint = did_you_mean(name, (running.name for running in find_running_stacks()))
        start = format_stack_command("up", name)
        raise StackError(f"The stack {name!r} is not running; start it with `{start}`.{hint}")
    echo(format_exports(state.environment), nl=False)


@click.command()
@options.stack_name
@options.store
@options.validation_worker
@options.detach
@options.announce
def up(
    name: str,
    store: "StoreKind",
    validation_worker: bool,
    detach: bool,
    announce: int | None,
) -> None:
    """Start the local stack and print its logs; Ctrl-C ends it.

    With --detach it runs in the background and outlives this terminal: `status` shows it, `down`
    ends it, and its logs are files below .securenet. PostgreSQL must be installed for --store
    postgres.

    Example: securenet-obs up --detach
    """
    from securenet_obs.stack import (
        LocalStack,
        follow,
        format_stack_command,
        serve_request,
        start_detached,
        supervise,
    )

    if announce is not None:
        supervise(name, announce, store, validation_worker=validation_worker)
    elif detach:
        state = start_detached(name, STDOUT.print, store, validation_worker=validation_worker)
        end = format_stack_command("down", state.name)
        STDOUT.print(f"The stack {state.name!r} is ready; end it with `{end}`.", soft_wrap=True)
        _print_dashboard(state.dashboard)
    else:
        stack = LocalStack(
            name, store=store, validation_worker=validation_worker, report=STDOUT.print
        )
        with stack:
            _print_dashboard(stack.dashboard)

            def refresh() -> "dict[str, Part]":
                serve_request(stack)
                return stack.parts

            follow(stack.parts, refresh=refresh, stack=stack.name)


def _print_dashboard(dashboard: tuple[str, str, str]) -> None:
    from securenet_obs.stack import describe_dashboard

    STDOUT.print(f"Errors: {describe_dashboard(dashboard)}", soft_wrap=True)


@click.command()
@options.stack_name
@options.as_json
def status(name: str, as_json: bool) -> None:
    """Show the running stack; exit 1 if a part is not ready.

    The last line has the address and the login of the dashboard of errors.

    Example: securenet-obs status --json
    """
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.stack import find_dead_parts, find_running_stack, read_status

    parts = read_status(name)
    if as_json:
        print_json([asdict(part) for part in parts])
    elif parts:
        print_rows(STDOUT, [part.to_row() for part in parts])
        if state := find_running_stack(name):
            _print_dashboard(state.dashboard)
            for sentence in find_dead_parts(state).values():
                STDERR.print(sentence, style="bold red", soft_wrap=True)
    else:
        STDOUT.print(f"The stack {name!r} is not running.")
    sys.exit(0 if parts and all(part.ready for part in parts) else 1)


@click.command()
@click.argument("part", type=click.Choice(("api", "worker", "beat", "oncall", "worker-validation")))
@options.stack_name
def restart(part: str, name: str) -> None:
    """Restart one part of the running stack.

    Example: securenet-obs restart worker
    """
    from securenet_obs.stack import request_restart

    request_restart(part, name)
    STDOUT.print(f"{part} is ready.")


@click.command()
@options.stack_name
def down(name: str) -> None:
    """End the running stack.

    A server of warm kernels that has stayed for the next run is ended, too.

    Example: securenet-obs down
    """
    from securenet_obs.runner.kernel.staying import end_servers
    from securenet_obs.stack import take_down

    ended = take_down(name)
    if end_servers():
        STDOUT.print("The server of warm kernels is ended.")
    STDOUT.print(f"The stack {name!r} " + ("is down." if ended else "was not running."))


COMMANDS = (env, up, status, restart, down)
