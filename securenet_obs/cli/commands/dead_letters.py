"""Commands that list and show a target's dead letters, and requeue them (send the task again)."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT
from securenet_obs.cli.parameter_types import WholeNumber
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import NotFoundError

if TYPE_CHECKING:
    from securenet_obs.workers.dead_letters import Letter

_ID = WholeNumber(min=1, max=2**63 - 1)
_LIST_COLUMNS = ("id", "task", "tenant_id", "reason", "error", "times", "last_at", "requeued_at")


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show and requeue tasks that failed for good."""


@dead_letters.command("list")
@options.limit(100)
@click.option("--open", "is_open", is_flag=True, help="Only those that were not requeued.")
@options.target
@options.local
@options.as_json
def list_command(
    limit: int, is_open: bool, target: Path | None, local: bool, as_json: bool
) -> None:
    """List dead letters, the most recent failure first.

    Example: securenet-obs dead-letters list --open
    """
    enter_target(target, local=local, command="dead-letters", needs=["store"])
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.workers.dead_letters import list_letters

    rows = [_row(letter) for letter in list_letters(limit, requeued=not is_open)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_rows(STDOUT, [{name: row[name] or "" for name in _LIST_COLUMNS} for row in rows])
        STDOUT.print(f"{len(rows)} dead letters")


@dead_letters.command()
@click.argument("letter_id", type=_ID, metavar="ID")
@options.target
@options.local
@options.as_json
def show(letter_id: int, target: Path | None, local: bool, as_json: bool) -> None:
    """Show a dead letter: its arguments and the reason for its failure.

    Example: securenet-obs dead-letters show 7
    """
    enter_target(target, local=local, command="dead-letters", needs=["store"])
    from securenet_obs.workers.dead_letters import show_letter

    with usage_errors_for(NotFoundError):
        row = _row(show_letter(letter_id))
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    traceback = row.pop("traceback")
    for name, value in row.items():
        text = json.dumps(value) if isinstance(value, dict) else value
        STDOUT.print(f"{name:12} {text}", markup=False, soft_wrap=True)
    STDOUT.print(traceback, markup=False, soft_wrap=True)


@dead_letters.command()
@click.argument("letter_id", type=_ID, metavar="ID")
@options.target
@options.local
def requeue(letter_id: int, target: Path | None, local: bool) -> None:
    """Send a dead letter's task again, once.

    Example: securenet-obs dead-letters requeue 7
    """
    enter_target(target, local=local, command="dead-letters", needs=["store", "redis"])
    from securenet_obs.workers.dead_letters import requeue_letter

    with usage_errors_for(NotFoundError):
        task_id = requeue_letter(letter_id)
    STDOUT.print(f"dead letter {letter_id} was sent again as task {task_id}")


def _row(letter: "Letter") -> dict[str, Any]:
    """Return a letter as plain data, with RFC 3339 timestamps."""
    timestamps = ("first_at", "last_at", "requeued_at")
    row = asdict(letter)
    return row | {name: f"{row[name]:%FT%TZ}" for name in timestamps if row[name] is not None}
