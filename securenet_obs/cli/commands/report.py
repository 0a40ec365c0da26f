"""Command of reports: the static site of all runs below an evidence folder."""

from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.cli.parameter_types import NonEmptyPath


@click.command()
@click.argument(
    "folder",
    type=NonEmptyPath(exists=True, file_okay=False),
    default=Path("evidence"),
    metavar="[DIR]",
)
@click.option(
    "--out",
    type=NonEmptyPath(file_okay=False),
    help="Folder of the site, with copies of the executed notebooks; by default DIR itself.",
)
@options.as_json
def report(folder: Path, out: Path | None, as_json: bool) -> None:
    """Write a static site of all runs, incrementally.

    DIR is the evidence folder, `evidence` by default. The site opens from its index.html without a
    server: latest verdicts, notebooks by day, flaky notebooks, first failing checks, durations and
    latencies, a page for each run, and the executed notebooks.

    Example: securenet-obs report evidence --out public
    """
    from securenet_obs.reports.site import write_site

    written = write_site(folder, out)
    for name, reason in written.unreadable.items():
        STDERR.print(f"{folder / name} is left out: its run.json is {reason}.", style="yellow")
    if as_json:
        facts = {
            "index": str(written.index),
            "runs": written.runs,
            "pages": written.pages,
            "unreadable": dict(written.unreadable),
        }
        print_json(facts)
        return
    STDOUT.print(f"report: {written.index} ({written.runs:,} runs, {written.pages:,} new pages)")
