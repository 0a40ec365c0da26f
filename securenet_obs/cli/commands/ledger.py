"""Command that balances sent tasks with those that ended, wait or are in flight."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT
from securenet_obs.cli.parameter_types import Duration

_MAX_SHOWN = 20


@click.command()
@click.option(
    "--since",
    "period_s",
    type=Duration(),
    default="1h",
    show_default=True,
    help="Period before now, such as 90s, 30m, 1h or 1d.",
)
@options.target
@options.local
@options.as_json
def ledger(period_s: float, target: Path | None, local: bool, as_json: bool) -> None:
    """Balance the tasks that were sent; exit 1 if any is missing.

    sent = done + waiting + in flight + scheduled + dead + expired + missing, by queue and task.
    Missing tasks are named by their ids.

    Example: securenet-obs ledger --since 1h
    """
    enter_target(target, local=local, command="ledger", needs=["redis"])
    from securenet_obs.probes.ledger.balance import read_ledger
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.settings import load_settings

    found = read_ledger(load_settings(), period_s)
    rows, missing = found.tabulate(), found.missing
    begins_at = f"{datetime.fromtimestamp(found.begins_at, UTC):%FT%TZ}"
    if as_json:
        tasks = [asdict(task) for task in missing]
        click.echo(json.dumps({"begins_at": begins_at, "rows": rows, "missing": tasks}, indent=2))
    else:
        print_rows(STDOUT, [{name: str(value) for name, value in row.items()} for row in rows])
        for task in missing[:_MAX_SHOWN]:
            STDOUT.print(f"missing: {task.id} {task.task}", markup=False, soft_wrap=True)
        more = f" of {len(missing)} missing; --json lists all" if missing[_MAX_SHOWN:] else ""
        STDOUT.print(f"{len(missing[:_MAX_SHOWN])} missing{more}, records since {begins_at}")
    sys.exit(1 if missing else 0)
