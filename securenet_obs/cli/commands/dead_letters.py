"""Commands that list and show a target's dead letters, and requeue them (send the task again)."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line
from securenet_obs.cli.parameter_types import Duration, WholeNumber
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import DeadLetterError, NotFoundError

if TYPE_CHECKING:
    from securenet_obs.workers.dead_letters import Letter
    from securenet_obs.workers.letter_filter import LetterFilter

_Command = Callable[..., Any]
_ID = WholeNumber(min=1, max=2**63 - 1)
_MAX_SHOWN = 20
_MAX_REQUEUED = 10_000


def _filters(command: _Command) -> _Command:
    """Add the options that select dead letters."""
    reasons = click.Choice(["failed", "worker_lost", "timeout", "retries_exhausted"])
    added = (
        click.option("--task", default="", help="Only of this task; the last part suffices."),
        click.option("--tenant", default="", help="Only of this tenant."),
        click.option("--reason", type=reasons, default=None, help="Only with this reason."),
        click.option("--since", "since_s", type=Duration(), help="Only failed since, such as 1h."),
    )
    for option in reversed(added):
        command = option(command)
    return command


@click.group("dead-letters")
def dead_letters() -> None:
    """List, show and requeue tasks that failed for good."""


@dead_letters.command("list")
@options.limit(100)
@click.option("--open", "is_open", is_flag=True, help="Only those that were not requeued.")
@_filters
@options.target
@options.local
@options.as_json
def list_command(
    limit: int,
    is_open: bool,
    task: str,
    tenant: str,
    reason: str | None,
    since_s: float | None,
    target: Path | None,
    local: bool,
    as_json: bool,
) -> None:
    """List dead letters, the most recent failure first.

    Each has its error's first line, and the address of its events in Sentry.

    Example: securenet-obs dead-letters list --open --since 1d
    """
    enter_target(target, local=local, command="dead-letters", needs=["store"])
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.workers.dead_letters import list_letters
    from securenet_obs.workers.letter_filter import LetterFilter

    wanted = LetterFilter(task, tenant, reason or "", since_s or 0.0, is_open)
    letters = list_letters(limit, wanted)
    if as_json:
        print_json([_row(letter) for letter in letters])
    else:
        print_rows(STDOUT, [_format(letter) for letter in letters])
        STDOUT.print(f"{len(letters)} dead letters")


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
        print_json(row)
        return
    traceback = row.pop("traceback")
    for name, value in row.items():
        text = json.dumps(value) if isinstance(value, dict) else value
        STDOUT.print(f"{name:12} {text}", markup=False, soft_wrap=True)
    STDOUT.print(traceback, markup=False, soft_wrap=True)


@dead_letters.command()
@click.argument("letter_id", type=_ID, metavar="[ID]", required=False)
@_filters
@click.option("--confirm", metavar="DIGEST", help="Requeue those of the dry run with this digest.")
@options.target
@options.local
def requeue(
    letter_id: int | None,
    task: str,
    tenant: str,
    reason: str | None,
    since_s: float | None,
    confirm: str | None,
    target: Path | None,
    local: bool,
) -> None:
    """Send the task of a dead letter again, once, or those of a filter.

    By its ID one is sent at once. A filter is a dry run: it lists the dead letters that were not
    requeued, and prints a digest. With --confirm DIGEST exactly these are sent.

    Example: securenet-obs dead-letters requeue --reason timeout --since 1d
    """
    from securenet_obs.workers.letter_filter import LetterFilter

    wanted = LetterFilter(task, tenant, reason or "", since_s or 0.0, is_open=True)
    is_filtered = wanted != LetterFilter(is_open=True)
    if (letter_id is not None) == is_filtered:
        raise click.UsageError(
            "Name either the ID of a dead letter, or a filter: --task, --tenant, --reason, --since."
        )
    if letter_id is not None and confirm:
        raise click.UsageError("--confirm belongs to a filter: an ID needs no confirmation.")
    enter_target(target, local=local, command="dead-letters", needs=["store", "redis"])
    if letter_id is None:
        _requeue_all(wanted, confirm)
        return
    from securenet_obs.workers.dead_letters import requeue_letter

    with usage_errors_for(NotFoundError):
        task_id = requeue_letter(letter_id)
    STDOUT.print(f"dead letter {letter_id} was sent again as task {task_id}")


def _requeue_all(wanted: "LetterFilter", confirm: str | None) -> None:
    """Requeue the dead letters of a filter, or print the dry run."""
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.workers.dead_letters import list_letters, requeue_letter
    from securenet_obs.workers.letter_filter import compute_digest

    letters = list_letters(_MAX_REQUEUED, wanted)
    digest = compute_digest(letter.id for letter in letters)
    if confirm is None or not letters:
        print_rows(STDOUT, [_format(letter) for letter in letters[:_MAX_SHOWN]])
        if (more := len(letters) - _MAX_SHOWN) > 0:
            STDOUT.print(f"... and {more} more")
        STDOUT.print(f"DRY RUN: {len(letters)} dead letters would be sent again")
        if letters:
            STDOUT.print(f"to act: run again, as before and with --confirm {digest}")
        return
    if confirm != digest:
        raise DeadLetterError(
            "The dead letters of this filter are no longer those of the dry run; nothing was sent. "
            "Run again without --confirm."
        )
    refused = 0
    for letter in reversed(letters):
        try:
            requeue_letter(letter.id)
        except DeadLetterError as error:
            refused += 1
            print_line(STDERR, str(error))
    STDOUT.print(f"{len(letters) - refused} of {len(letters)} dead letters were sent again")
    sys.exit(1 if refused else 0)


def _format(letter: "Letter") -> dict[str, str]:
    """Return a row for a person: the error's first line, the address of its events."""
    from securenet_obs.probes.errors.links import link_to_task
    from securenet_obs.settings import load_settings

    first = letter.message.strip().partition("\n")[0]
    return {
        "id": str(letter.id),
        "task": letter.task.rpartition(".")[2],
        "tenant": letter.tenant_id or "",
        "reason": letter.reason,
        "error": f"{letter.error}: {first}" if first else letter.error,
        "times": str(letter.times),
        "last": f"{letter.last_at:%FT%TZ}",
        "requeued": f"{letter.requeued_at:%FT%TZ}" if letter.requeued_at else "",
        "sentry": link_to_task(load_settings(), letter.task_id),
    }


def _row(letter: "Letter") -> dict[str, Any]:
    """Return a letter as plain data, with RFC 3339 timestamps."""
    timestamps = ("first_at", "last_at", "requeued_at")
    row = asdict(letter)
    return row | {name: f"{row[name]:%FT%TZ}" for name in timestamps if row[name] is not None}
