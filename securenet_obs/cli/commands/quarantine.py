"""Commands on the quarantine: `quarantine list` and `quarantine replay`."""

import json
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT
from securenet_obs.cli.parameter_types import WholeNumber

_tenant = click.option("--tenant", help="Only this tenant's items.")


@click.group()
def quarantine() -> None:
    """Items of accepted batches that could not become records."""


@quarantine.command("list")
@_tenant
@click.option("--limit", type=WholeNumber(min=1, max=1_000_000), default=100, show_default=True)
@options.target
@options.local
@options.as_json
def list_items(
    tenant: str | None, limit: int, target: Path | None, local: bool, as_json: bool
) -> None:
    """List items with place, reason and sample, newest first.

    Example: securenet-obs quarantine list --tenant acme
    """
    enter_target(target, local=local, command="quarantine", needs=["store"])
    from securenet_obs.detection.network.stored.quarantine import list_quarantined
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        rows = list_quarantined(session, tenant, limit)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_rows(STDOUT, rows)
    if not rows:
        STDERR.print(
            "No item of a batch is in quarantine; "
            "lines of imported files: securenet-obs logs imported --json",
            soft_wrap=True,
        )


@quarantine.command()
@_tenant
@options.target
@options.local
def replay(tenant: str | None, target: Path | None, local: bool) -> None:
    """Normalise items again; count those that are records now.

    Use it after an upgrade, or after a change of the mapping.

    Example: securenet-obs quarantine replay --tenant acme
    """
    enter_target(target, local=local, command="quarantine", needs=["store"])
    from securenet_obs.detection.network.stored.quarantine import replay as replay_batch
    from securenet_obs.detection.network.stored.quarantine import waiting_tasks
    from securenet_obs.store import session_scope

    with session_scope() as session:
        tasks = waiting_tasks(session, tenant)
    replayed = remaining = 0
    for task_id in tasks:
        with session_scope() as session:
            outcome = replay_batch(session, task_id)
        replayed, remaining = replayed + outcome.replayed, remaining + outcome.remaining
    STDOUT.print(f"{replayed} replayed, {remaining} remaining")
