"""Commands on the quarantine: `quarantine list` and `quarantine replay`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line

if TYPE_CHECKING:
    from securenet_obs.detection.network.stored.file_quarantine import FileReplay
    from securenet_obs.detection.network.stored.quarantine import Replay

_tenant = click.option("--tenant", help="Only this tenant's items.")


@click.group()
def quarantine() -> None:
    """Items of batches and files that are not records."""


@quarantine.command("list")
@_tenant
@options.limit(100)
@options.target
@options.local
@options.as_json
def list_items(
    tenant: str | None, limit: int, target: Path | None, local: bool, as_json: bool
) -> None:
    """List items with place, reason and sample, newest first.

    A batch's line is the item's index, a file's counts from 1. Of a file its first 1000 are listed.

    Example: securenet-obs quarantine list --tenant acme
    """
    enter_target(target, local=local, command="quarantine", needs=["store"])
    from securenet_obs.detection.network.stored.quarantine import (
        count_quarantined,
        list_quarantined,
    )
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        rows = list_quarantined(session, tenant, limit)
        unlisted = count_quarantined(session, tenant) - len(rows)
    if as_json:
        print_json(rows)
    else:
        print_rows(STDOUT, [{**row, "offset": _text(row["offset"])} for row in rows])
    if unlisted > 0:
        STDERR.print(f"{unlisted} more are in quarantine.")
    elif not rows:
        STDERR.print("Nothing is in quarantine.")


@quarantine.command()
@_tenant
@options.target
@options.local
def replay(tenant: str | None, target: Path | None, local: bool) -> None:
    """Normalise items again; count those that are records now.

    Use it after an upgrade, or after a change of the mapping. Files are read by their paths; one
    that is gone or has changed keeps its items.

    Example: securenet-obs quarantine replay --tenant acme
    """
    enter_target(target, local=local, command="quarantine", needs=["store"])
    outcomes: list[Replay | FileReplay] = [*_replayed_batches(tenant), *_replayed_files(tenant)]
    replayed = sum(outcome.replayed for outcome in outcomes)
    remaining = sum(outcome.remaining for outcome in outcomes)
    STDOUT.print(f"{replayed} replayed, {remaining} remaining")


def _replayed_batches(tenant: str | None) -> Iterator["Replay"]:
    from securenet_obs.detection.network.stored.quarantine import replay as replay_batch
    from securenet_obs.detection.network.stored.quarantine import waiting_tasks
    from securenet_obs.store import session_scope

    with session_scope() as session:
        tasks = waiting_tasks(session, tenant)
    for task_id in tasks:
        with session_scope() as session:
            yield replay_batch(session, task_id)


def _replayed_files(tenant: str | None) -> Iterator["FileReplay"]:
    """Replay files, and print the outcome of each."""
    from securenet_obs.detection.network.stored.file_quarantine import replay_file, waiting_files
    from securenet_obs.store import session_scope

    with session_scope() as session:
        files = waiting_files(session, tenant)
    for tenant_id, digest in files:
        outcome = replay_file(tenant_id, digest)
        counts = f"{outcome.replayed} replayed, {outcome.remaining} remaining"
        reason = f": {outcome.problem}" if outcome.problem else ""
        print_line(STDOUT, f"{outcome.path}: {counts}{reason}")
        yield outcome


def _text(offset: int | None) -> str:
    return "" if offset is None else str(offset)
