"""Commands that migrate a target's store and check the version of its schema."""

from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT, print_json


@click.group()
def store() -> None:
    """Migrate a target's store, or check its schema."""


@store.command("migrate")
@options.target
@options.local
def migrate_store(target: Path | None, local: bool) -> None:
    """Create or change the store's tables to those of this version.

    Run it before the services of a new version start, as a role that may create tables; it may run
    several times at once. The services need the rights to read and write rows only.

    Example: securenet-obs store migrate --target staging.env
    """
    enter_target(target, local=local, command="store", needs=["store"], opens_store=False)
    from securenet_obs.settings import get_settings
    from securenet_obs.store.migration import migrate

    before, after = migrate(get_settings().database_url.get_secret_value())
    done = "is at" if before == after else f"was migrated from {before or 'nothing'} to"
    STDOUT.print(f"the schema of the store {done} {after}")


@store.command("check")
@options.target
@options.local
@options.as_json
def check_schema(target: Path | None, local: bool, as_json: bool) -> None:
    """Check the version of the store's tables; exit 3 if it is another.

    Example: securenet-obs store check --target staging.env
    """
    enter_target(target, local=local, command="store", needs=["store"])
    from securenet_obs.store.schema import VERSION

    if as_json:
        print_json({"schema": VERSION}, indent=None)
    else:
        STDOUT.print(f"the schema of the store is at {VERSION}")
