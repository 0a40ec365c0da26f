"""Command that prints the alerting rules for Prometheus."""

from importlib.resources import files

import click

from securenet_obs.cli.consoles import echo


@click.group()
def alerts() -> None:
    """Export alerting rules for Prometheus."""


@alerts.command("export")
def export() -> None:
    """Print the alerting rules, each with its runbook or first step.

    Example: securenet-obs alerts export > /etc/prometheus/securenet.yml
    """
    rules = files("securenet_obs.workers.metrics").joinpath("alerts.yml")
    echo(rules.read_text(), nl=False)
