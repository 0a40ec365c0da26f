"""Commands on the quarantine: `quarantine list` and `quarantine replay`."""

import json

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT

_tenant = click.option("--tenant", help="Only this tenant's items.")


@click.group()
def quarantine() -> None:
    """Items of accepted batches that could not become records."""


@quarantine.command("list")
@_tenant
@click.option("--limit", default=100, show_default=True, help="Maximum number of items.")
@options.as_json
def list_items(tenant: str | None, limit: int, as_json: bool) -> None:
    """List quarantined items, the most recent first: place, reason, start of the content.

    Example: securenet-obs quarantine list --tenant acme
    """
    from securenet_obs.detection.network.stored_quarantine import list_quarantined
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import check_store, session_scope

    check_store()
    with session_scope() as session:
        rows = list_quarantined(session, tenant, limit)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        print_rows(STDOUT, rows)


@quarantine.command()
@_tenant
def replay(tenant: str | None) -> None:
    """Normalise quarantined items again and count those that are records now, once.

    Use it after an upgrade, or after a change of the mapping.

    Example: securenet-obs quarantine replay --tenant acme
    """
    from securenet_obs.detection.network.stored_quarantine import replay as replay_batch
    from securenet_obs.detection.network.stored_quarantine import waiting_tasks
    from securenet_obs.store import check_store, session_scope

    check_store()
    with session_scope() as session:
        tasks = waiting_tasks(session, tenant)
    replayed = remaining = 0
    for task_id in tasks:
        with session_scope() as session:
            outcome = replay_batch(session, task_id)
        replayed, remaining = replayed + outcome.replayed, remaining + outcome.remaining
    STDOUT.print(f"{replayed} replayed, {remaining} remaining")
