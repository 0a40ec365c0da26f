"""Commands on a target's inventories, advisories, waivers and findings in its store."""

from datetime import timedelta
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line
from securenet_obs.cli.parameter_types import NonEmptyPath, TenantId, WholeNumber
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import AdvisoriesError, InventoryError, NotFoundError, WaiverError

_NUMBER = WholeNumber(min=1, max=2**31 - 1)
_DAYS = WholeNumber(min=1, max=36_500)


@click.group()
def inventory() -> None:
    """Import and show tenants' package inventories."""


@inventory.command("import")
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@click.argument("path", type=NonEmptyPath(exists=True))
@options.target
@options.local
def import_inventory(tenant_id: str, path: Path, target: Path | None, local: bool) -> None:
    """Make a file or folder the tenant's current inventory.

    Example: securenet-obs inventory import acme uv.lock
    """
    enter_target(target, local=local, command="inventory", needs=["store"])
    from securenet_obs.detection.vulnerabilities.inventory import read_inventory
    from securenet_obs.detection.vulnerabilities.stored.inventories import store_inventory
    from securenet_obs.store import session_scope

    with usage_errors_for(InventoryError):
        read = read_inventory(path)
    with session_scope() as session:
        number, changed = store_inventory(session, tenant_id, read, path.name)
    for problem in read.problems:
        print_line(STDERR, f"{problem.place}: {problem.reason}")
    state = "is new" if changed else "has not changed"
    STDOUT.print(f"inventory {number} of {tenant_id} {state}: {len(read.components)} components")


@inventory.command("show")
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@click.option("--number", type=_NUMBER, help="Version of the inventory; by default the current.")
@options.target
@options.local
@options.as_json
def show_inventory(
    tenant_id: str, number: int | None, target: Path | None, local: bool, as_json: bool
) -> None:
    """Show a version of a tenant's inventory.

    Example: securenet-obs inventory show acme --number 3
    """
    enter_target(target, local=local, command="inventory", needs=["store"])
    from securenet_obs.detection.vulnerabilities.stored.inventories import load_inventory
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session, usage_errors_for(NotFoundError):
        stored = load_inventory(session, tenant_id, number)
    components = [row.as_json() for row in stored.inventory.components]
    problems = [row.as_json() for row in stored.inventory.problems]
    if as_json:
        shown = {"number": stored.number, "components": components, "problems": problems}
        print_json(shown)
        return
    print_rows(STDOUT, components)
    print_rows(STDOUT, problems)
    if stored.number:
        STDOUT.print(f"inventory {stored.number} of {tenant_id}: {len(components)} components")
    else:
        STDOUT.print(f"{tenant_id} has no inventory")


@click.group()
def advisories() -> None:
    """Synchronise the advisories of a target's store."""


@advisories.command("sync")
@click.argument("source", required=False)
@click.option(
    "--max-age",
    type=_DAYS,
    metavar="DAYS",
    help="Greatest age of the newest advisory; by default ADVISORIES_MAX_AGE_D.",
)
@click.option(
    "--exploited",
    type=NonEmptyPath(exists=True, dir_okay=False),
    help="CISA's catalogue of known exploited vulnerabilities, in JSON.",
)
@options.target
@options.local
def sync(
    source: str | None,
    max_age: int | None,
    exploited: Path | None,
    target: Path | None,
    local: bool,
) -> None:
    """Synchronise with a folder, an archive, or OSV's API.

    SOURCE is a path or an address, such as https://api.osv.dev; by default ADVISORIES_SOURCE.

    Example: securenet-obs advisories sync PyPI/all.zip --max-age 7
    """
    enter_target(target, local=local, command="advisories", needs=["store"])
    from securenet_obs.detection.vulnerabilities.exploited import read_exploited
    from securenet_obs.detection.vulnerabilities.stored.sources import store_exploited, sync_from
    from securenet_obs.settings import get_settings

    settings = get_settings()
    source = source or settings.advisories_source
    if not source:
        raise click.UsageError("Name a SOURCE, or set ADVISORIES_SOURCE.")
    days = max_age or settings.advisories_max_age_d
    with usage_errors_for(AdvisoriesError):
        changes = sync_from(source, timedelta(days=days))
        if exploited:
            store_exploited(read_exploited(exploited))
    for problem in changes.problems:
        print_line(STDERR, f"{problem.place}: {problem.reason}")
    counts = changes.summary() | {"ranges of commits skipped": changes.counts["git_ranges"]}
    del counts["git_ranges"]
    STDOUT.print(", ".join(f"{number} {name}" for name, number in counts.items()), soft_wrap=True)


@click.group()
def waivers() -> None:
    """Import and show tenants' waivers of vulnerabilities."""


@waivers.command("import")
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@click.argument("path", type=NonEmptyPath(exists=True, dir_okay=False))
@options.target
@options.local
def import_waivers(tenant_id: str, path: Path, target: Path | None, local: bool) -> None:
    """Replace a tenant's waivers by those of a TOML file.

    A waiver is a table [[waiver]] with id, reason, expires (a day) and, if it is for one package
    only, package.

    Example: securenet-obs waivers import acme waivers.toml
    """
    enter_target(target, local=local, command="waivers", needs=["store"])
    from securenet_obs.detection.vulnerabilities.stored.waivers import store_waivers
    from securenet_obs.detection.vulnerabilities.waivers import read_waivers
    from securenet_obs.store import session_scope

    with usage_errors_for(WaiverError):
        read = read_waivers(path)
    with session_scope() as session:
        number = store_waivers(session, tenant_id, read)
    STDOUT.print(f"{number} waivers of {tenant_id}")


@waivers.command("show")
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@options.target
@options.local
@options.as_json
def show_waivers(tenant_id: str, target: Path | None, local: bool, as_json: bool) -> None:
    """Show a tenant's waivers, those that expire first before others.

    Example: securenet-obs waivers show acme
    """
    enter_target(target, local=local, command="waivers", needs=["store"])
    from securenet_obs.detection.vulnerabilities.stored.waivers import load_waivers
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        rows = [waiver.as_json() for waiver in load_waivers(session, tenant_id)]
    if as_json:
        print_json(rows)
    else:
        print_rows(STDOUT, rows)
        STDOUT.print(f"{len(rows)} waivers of {tenant_id}")


@click.command()
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@click.option("--resolved", is_flag=True, help="Also findings that the last scan did not have.")
@options.target
@options.local
@options.as_json
def findings(
    tenant_id: str, resolved: bool, target: Path | None, local: bool, as_json: bool
) -> None:
    """Show the vulnerabilities that scans have found.

    Example: securenet-obs findings acme --json
    """
    enter_target(target, local=local, command="findings", needs=["store"])
    from securenet_obs.detection.vulnerabilities.stored.findings import as_row, list_findings
    from securenet_obs.detection.vulnerabilities.stored.scans import describe_last_scan
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        rows = [as_row(row) for row in list_findings(session, tenant_id, resolved=resolved)]
        scan = describe_last_scan(session, tenant_id)
    if as_json:
        print_json(rows)
        return
    print_rows(STDOUT, [{name: row[name] or "" for name in _SHOWN} for row in rows])
    STDOUT.print(f"{len(rows)} findings of {tenant_id}; {scan}", soft_wrap=True)


_SHOWN = (
    "package", "version", "severity", "id", "fixed", "cause", "new_at", "waived_until",
    "resolved_at",
)  # fmt: skip

COMMANDS = (advisories, findings, inventory, waivers)
