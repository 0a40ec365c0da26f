"""Command `alarm-budget`: shows or sets the number of alarms a week that a tenant asks for."""

import click


@click.command("alarm-budget")
@click.argument("tenant")
@click.option(
    "--per-week",
    type=click.FloatRange(min=0, max=1000),
    help="Alarms a week in each metric; 0 removes the budget.",
)
def alarm_budget(tenant: str, per_week: float | None) -> None:
    """Show or set a tenant's number of alarms a week.

    The threshold follows from the tenant's own history at the next training.

    Example: securenet-obs alarm-budget acme --per-week 3
    """
    from securenet_obs.detection.anomaly import models
    from securenet_obs.store import session_scope

    with session_scope() as session:
        if per_week is not None:
            models.set_alarm_budget(session, tenant, per_week or None)
        budget = models.alarm_budget(session, tenant)
    click.echo("no budget" if budget is None else f"{budget:g} alarms a week")
