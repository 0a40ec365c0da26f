"""Command `logs check`: every line of the given log files must be strict JSON."""

import json
import sys

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import NotFoundError


@click.group()
def logs() -> None:
    """Look at log files."""


@logs.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE...")
@options.as_json
def check(sources: tuple[str, ...], as_json: bool) -> None:
    """Check that every line is strict JSON; exit 1 if any is not.

    A log's rotations are read with it, plain or compressed (gz, bz2, xz, zst); - is standard input.

    Example: securenet-obs logs check app.log 'worker-*.log.gz' --json
    """
    from securenet_obs.probes.logs.check import check_lines
    from securenet_obs.runner.console.report import print_rows

    with usage_errors_for(NotFoundError):
        report = check_lines(*sources)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        print_rows(STDOUT, report["rejected"])
        print_rows(STDOUT, report["skipped"])
        print_rows(STDOUT, [{"pending": name} for name in report["pending"]])
        if unlisted := report["total"] - report["valid"] - len(report["rejected"]):
            STDOUT.print(f"{unlisted} more rejected lines are not listed")
        STDOUT.print(f"{report['total']} lines, {report['valid']} valid")
    sys.exit(1 if report["rejected"] else 0)
