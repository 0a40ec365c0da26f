"""Commands that serve or print a target's metrics for Prometheus."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, echo
from securenet_obs.cli.parameter_types import NonEmptyPath, WholeNumber

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_evidence = click.option(
    "--evidence",
    type=NonEmptyPath(file_okay=False),
    default=Path("evidence"),
    show_default=True,
    help="Folder with the evidence of validations.",
)


@click.group()
def metrics() -> None:
    """Serve or print the metrics of a target."""


@metrics.command("serve")
@click.option(
    "--port",
    type=WholeNumber(min=1, max=65535),
    default=9464,
    show_default=True,
    help="Port to listen on.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to bind."
)
@_evidence
@options.target
@options.local
def serve(port: int, host: str, evidence: Path, target: Path | None, local: bool) -> None:
    """Serve the metrics of all processes to a scraper, until Ctrl-C.

    Example: securenet-obs metrics serve --host 0.0.0.0
    """
    from prometheus_client import start_http_server

    server, thread = start_http_server(port, host, _registry(evidence, target, local))
    STDERR.print(f"metrics: http://{host}:{server.server_port}/metrics", soft_wrap=True)
    thread.join()


@metrics.command("print")
@_evidence
@options.target
@options.local
def print_once(evidence: Path, target: Path | None, local: bool) -> None:
    """Print the metrics of all processes once.

    Example: securenet-obs metrics print > metrics.prom
    """
    from prometheus_client import generate_latest

    echo(generate_latest(_registry(evidence, target, local)).decode(), nl=False)


def _registry(evidence: Path, target: Path | None, local: bool) -> "CollectorRegistry":
    evidence = evidence.absolute()
    enter_target(
        target, local=local, command="metrics", needs=["redis", "store"], opens_store=False
    )
    from securenet_obs.runner.record.latest import LatestRuns
    from securenet_obs.settings import load_settings
    from securenet_obs.workers.metrics.collector import create_registry
    from securenet_obs.workers.metrics.validations import build_validations

    runs = LatestRuns(evidence)
    validations = {"validations": lambda: build_validations(runs.find())}
    return create_registry(load_settings(), validations)
