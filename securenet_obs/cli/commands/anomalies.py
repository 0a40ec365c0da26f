"""Command `anomalies`: judges each value of a CSV file by the values before it."""

from pathlib import Path

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import NonEmptyPath, Number
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import SeriesError


@click.command()
@click.argument("file", type=NonEmptyPath(exists=True, dir_okay=False), metavar="FILE")
@click.option(
    "--timestamp", default="timestamp", show_default=True, help="Column of the timestamps."
)
@click.option("--value", default="value", show_default=True, help="Column of the values.")
@click.option(
    "--alarms-per-week",
    type=Number(min=0, min_open=True, max=1000),
    help="Number of anomalies a week to report; the threshold follows from those so far.",
)
@options.as_json
def anomalies(
    file: Path, timestamp: str, value: str, alarms_per_week: float | None, as_json: bool
) -> None:
    """Find the anomalies of a time series in a CSV file.

    Each value is judged by the values before it. One threshold holds for every series, unless a
    number of alarms a week is given.

    Example: securenet-obs anomalies requests.csv --value count --json
    """
    from securenet_obs.detection.anomaly.series_file import judge_file
    from securenet_obs.runner.console.report import print_rows

    with usage_errors_for(SeriesError):
        points = judge_file(file, timestamp, value, alarms_per_week)
    if as_json:
        print_json({"points": points})
        return
    found = [point for point in points if point["anomaly"]]
    print_rows(STDOUT, [{name: point[name] for name in _SHOWN} for point in found])
    STDOUT.print(f"{len(points)} points, {len(found)} anomalies")


_SHOWN = ("timestamp", "value", "score", "reason")
