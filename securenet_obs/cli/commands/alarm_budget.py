"""Command `alarm-budget`: shows or sets the number of alarms a week that a tenant asks for."""

from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import echo
from securenet_obs.cli.parameter_types import Number, TenantId


@click.command("alarm-budget")
@click.argument("tenant_id", type=TenantId(), metavar="TENANT")
@click.option(
    "--per-week",
    type=Number(min=0, max=1000),
    help="Alarms a week in each metric; 0 removes the budget.",
)
@options.target
@options.local
def alarm_budget(tenant_id: str, per_week: float | None, target: Path | None, local: bool) -> None:
    """Show or set a tenant's number of alarms a week.

    The threshold follows from the tenant's own history at the next training.

    Example: securenet-obs alarm-budget acme --per-week 3
    """
    enter_target(target, local=local, command="alarm-budget", needs=["store"])
    from securenet_obs.detection.anomaly import models
    from securenet_obs.store import session_scope

    with session_scope() as session:
        if per_week is not None:
            models.set_alarm_budget(session, tenant_id, per_week or None)
        budget = models.alarm_budget(session, tenant_id)
    echo("no budget" if budget is None else f"{budget:g} alarms a week")
