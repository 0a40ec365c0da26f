"""Click options for the commands, and `RunOptions`, the values that all notebook runs share."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from securenet_obs.cli.parameter_types import (
    CommaSeparated,
    NonEmptyPath,
    Seconds,
    StackName,
    WholeNumber,
)

_Command = Callable[..., Any]
_SECONDS = Seconds()
_PORTS = WholeNumber(min=0, max=65535)


def _default_root() -> Path:
    from securenet_obs.runner.notebook.roots import default_root

    return default_root()


root = click.option(
    "--root",
    type=NonEmptyPath(exists=True, file_okay=False),
    default=_default_root,
    show_default="this folder if it has either, else the installed ones",
    help="Project folder that holds notebooks/ and runbooks/.",
)
target = click.option(
    "--target",
    type=NonEmptyPath(dir_okay=False),
    help="Env file of the environment to use; its variables alone count.",
)
local = click.option(
    "--local", is_flag=True, help="Use a local stack, whatever target the variables describe."
)


def limit(default: int) -> Callable[[_Command], _Command]:
    """Return the option for the maximum number of rows of a list."""
    number = WholeNumber(min=1, max=1_000_000)
    return click.option("--limit", type=number, default=default, show_default=True)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
stack_name = click.option(
    "--name", type=StackName(), default="local", show_default=True, help="Name of the stack."
)
store = click.option(
    "--store",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
    help="Database of the store.",
)
validation_worker = click.option(
    "--validation-worker", is_flag=True, help="Start a worker for `validate --on celery`, too."
)
detach = click.option(
    "--detach", is_flag=True, help="Start it in the background; return when it is ready."
)
announce = click.option("--announce", type=int, hidden=True)
wait = click.option(
    "--wait",
    type=_SECONDS,
    is_flag=False,
    flag_value=60.0,
    metavar="[SECONDS]",
    help="Wait until the stack is ready, 60 seconds by default at most.",
)
plain = click.option(
    "--plain", is_flag=True, help="A foreign notebook, without our metadata and checks."
)
parameters = click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter; `show` lists them.",
)
jobs = click.option(
    "--jobs",
    type=WholeNumber(min=1, max=1000),
    default=1,
    show_default=True,
    help="How many notebooks run at a time.",
)
resume = click.option(
    "--resume", metavar="RUN", help="Run only what has not passed in this evidence folder."
)
on = click.option(
    "--on",
    type=click.Choice(["here", "celery"]),
    default="here",
    show_default=True,
    help="Where the notebooks run: children of this process, or validation workers.",
)
tenants = click.option(
    "--tenants",
    type=CommaSeparated(),
    default=(),
    metavar="NAME,NAME",
    help="Tenants for each of which a notebook with the parameter `tenant_id` runs.",
)
targets = click.option(
    "--targets",
    type=CommaSeparated(),
    default=(),
    metavar="FILE,FILE",
    help="Env files of several targets at once, with --on celery.",
)
port = click.option(
    "--port", type=_PORTS, default=0, help="Port to listen on; by default a free one."
)
no_browser = click.option("--no-browser", is_flag=True, help="Do not open a browser.")

evidence = click.option(
    "--evidence",
    type=NonEmptyPath(file_okay=False),
    default=Path("evidence"),
    show_default=True,
    help="Folder in which this command makes its own evidence folder.",
)

_RUN_OPTIONS = (
    as_json,
    click.option("--cold", is_flag=True, help="Start every kernel anew, not from a warm server."),
    click.option(
        "--retries",
        type=WholeNumber(min=0, max=1000),
        default=0,
        show_default=True,
        help="How often a run that did not pass is tried again.",
    ),
    click.option("--cell-deadline", type=_SECONDS, help="Seconds a cell may take."),
    click.option("--deadline", type=_SECONDS, help="Seconds a whole run may take."),
    root,
    target,
    local,
    click.option(
        "--cwd",
        type=NonEmptyPath(),
        metavar="DIRECTORY",
        help="Folder in which the kernel works; by default the notebook's own folder with --plain, "
        "else a scratch folder that ends with the run.",
    ),
    click.option(
        "--junit",
        type=NonEmptyPath(dir_okay=False),
        metavar="PATH",
        help="Write the JUnit report here, too; an older file is removed first.",
    ),
    evidence,
)


@dataclass(frozen=True)
class RunOptions:
    """Values of the options that all commands that run notebooks share."""

    as_json: bool
    cold: bool
    retries: int
    cell_deadline: float | None
    deadline: float | None
    root: Path
    target: Path | None
    local: bool
    evidence: Path
    cwd: Path | None = None
    junit: Path | None = None


def run_options(command: _Command) -> _Command:
    """Add the options that all commands that run notebooks share, passed as one `run_options`."""

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> Any:
        values = RunOptions(
            **{field.name: arguments.pop(field.name) for field in fields(RunOptions)}
        )
        if values.junit is not None:
            from securenet_obs.runner.evidence.junit_copy import remove_junit

            # Before anything can fail: an older report would be taken for that of this command.
            remove_junit(values.junit)
        return command(**arguments, run_options=values)

    decorated: _Command = wrapper
    for option in _RUN_OPTIONS:
        decorated = option(decorated)
    return decorated
