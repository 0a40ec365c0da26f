"""Latest verdicts of the validations for a scraper."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric


class LatestRun(Protocol):
    """The latest run of a notebook."""

    @property
    def notebook(self) -> str:
        """Name of the notebook."""

    @property
    def verdict(self) -> str:
        """Verdict of the run."""

    @property
    def started_at(self) -> float:
        """Start of the run in Unix seconds."""


def build_validations(runs: Iterable[LatestRun]) -> Iterator[Metric]:
    """Yield for each notebook its latest verdict and the time of that run."""
    verdicts = GaugeMetricFamily(
        "securenet_validation_verdict",
        "Latest verdict of a validation; the value is always 1.",
        labels=("validation", "verdict"),
    )
    times = GaugeMetricFamily(
        "securenet_validation_last_run_timestamp_seconds",
        "Start of the latest run of a validation.",
        labels=("validation",),
    )
    for run in runs:
        verdicts.add_metric((run.notebook, run.verdict), 1)
        times.add_metric((run.notebook,), run.started_at)
    yield from (verdicts, times)
