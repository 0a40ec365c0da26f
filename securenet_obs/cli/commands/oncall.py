"""Command of on-call: the history of confirmed actions."""

import json
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT
from securenet_obs.cli.parameter_types import Duration
from securenet_obs.cli.usage import Group


@click.group(cls=Group)
def oncall() -> None:
    """Show the actions of runbooks on targets."""


@oncall.command()
@click.option("--since", "period_s", type=Duration(), help="Period before now, such as 30m or 1d.")
@options.evidence
@options.as_json
def history(period_s: float | None, evidence: Path, as_json: bool) -> None:
    """List confirmed actions, with user, time, target and outcome.

    --json also has the dry runs, refusals, verifications and proofs.

    Example: securenet-obs oncall history --since 1d
    """
    from securenet_obs.oncall.history import History, read_age_s, tabulate_actions
    from securenet_obs.runner.console.report import print_rows

    entries = [
        entry
        for entry in History(evidence).read()
        if period_s is None or read_age_s(entry) <= period_s
    ]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    rows = tabulate_actions(entries)
    print_rows(STDOUT, rows)
    if not rows:
        STDOUT.print(f"No action is on record in {evidence}.", soft_wrap=True)
