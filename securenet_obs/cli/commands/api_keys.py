"""Commands that create, list and revoke tenants' API keys in a target's store."""

from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import NotFoundError


@click.group("api-keys")
def api_keys() -> None:
    """Make, list and revoke tenants' API keys."""


@api_keys.command()
@click.argument("tenant_id", metavar="TENANT")
@click.option("--label", default="", help="What the key is for.")
@options.target
@options.local
def create(tenant_id: str, label: str, target: Path | None, local: bool) -> None:
    """Create a tenant's key and print it, this once.

    Example: securenet-obs api-keys create acme --label "collector in Berlin"
    """
    from securenet_obs.api.api_keys import create_key
    from securenet_obs.store import session_scope

    enter_target(target, local=local, command="api-keys", needs=["store"])
    with session_scope() as session:
        # Before the commit: a key that could not be printed is not created.
        click.echo(create_key(session, tenant_id, label))  # noqa: TID251 it must raise then
    STDERR.print("It cannot be shown again. Callers send it as Authorization: Bearer.")


@api_keys.command("list")
@click.argument("tenant_id", metavar="[TENANT]", required=False)
@options.target
@options.local
@options.as_json
def list_command(tenant_id: str | None, target: Path | None, local: bool, as_json: bool) -> None:
    """List keys, also revoked ones, by their hash prefixes.

    Example: securenet-obs api-keys list acme
    """
    from securenet_obs.api.api_keys import list_keys
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    enter_target(target, local=local, command="api-keys", needs=["store"])
    with session_scope() as session:
        rows = [
            {
                "key": key.key_id,
                "tenant": key.tenant_id,
                "label": key.label,
                "created": f"{key.created_at:%Y-%m-%dT%H:%M:%SZ}",
                "revoked": f"{key.revoked_at:%Y-%m-%dT%H:%M:%SZ}" if key.revoked_at else "",
            }
            for key in list_keys(session, tenant_id)
        ]
    if as_json:
        print_json(rows)
    else:
        print_rows(STDOUT, rows)
        STDOUT.print(f"{len(rows)} keys")


@api_keys.command()
@click.argument("key_id", metavar="KEY")
@options.target
@options.local
def revoke(key_id: str, target: Path | None, local: bool) -> None:
    """Revoke the key with this hash prefix, within two seconds.

    Example: securenet-obs api-keys revoke 5f1d02c9
    """
    from securenet_obs.api.api_keys import revoke_key
    from securenet_obs.store import session_scope

    enter_target(target, local=local, command="api-keys", needs=["store"])
    with session_scope() as session:
        with usage_errors_for(NotFoundError):
            key = revoke_key(session, key_id)
        STDOUT.print(f"{key.key_id} of {key.tenant_id} is revoked")
