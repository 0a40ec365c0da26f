"""Commands that probe one part of a target, for the health checks of Docker and Kubernetes."""

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import Seconds

if TYPE_CHECKING:
    from securenet_obs.probes.health.health import Health

_SECONDS = Seconds()


@click.group()
def probe() -> None:
    """Prove that one part of a target works, or exit 1.

    Docker and Kubernetes take any exit code but 0 for unhealthy. 6 means that Redis, the store or
    Sentry is unreachable or refuses: a restart of the probed process does not help then.
    """


@probe.command("worker")
@click.argument("name")
@click.option(
    "--deadline",
    type=_SECONDS,
    default=5.0,
    show_default=True,
    help="Seconds to wait until the canary is executed.",
)
@options.target
@options.local
@options.as_json
def worker_command(
    name: str, deadline: float, target: Path | None, local: bool, as_json: bool
) -> None:
    """Let the worker NAME execute a canary from its own queue.

    A worker is busy, and healthy, if each of its processes executes a task within its time limit.

    Example: securenet-obs probe worker worker@host-1
    """
    enter_target(target, local=local, command="probe", needs=["redis"])
    from securenet_obs.probes.health.worker import probe_worker
    from securenet_obs.settings import load_settings

    _report(probe_worker(load_settings(), name, deadline), as_json)


@probe.command("validation")
@click.argument("name")
@options.target
@options.local
@options.as_json
def validation_worker_command(name: str, target: Path | None, local: bool, as_json: bool) -> None:
    """Check that the event loop of the worker NAME runs.

    A worker takes one notebook at a time, so that no canary would reach it meanwhile.

    Example: securenet-obs probe validation validation@host-1
    """
    enter_target(target, local=local, command="probe", needs=["redis"])
    from securenet_obs.distributed.connection import broker_url, connect
    from securenet_obs.distributed.presence import living_workers, require_writes
    from securenet_obs.probes.health.health import Health

    client = connect(broker_url(os.environ))
    names = [str(row["name"]) for row in living_workers(client)]
    if name not in names:
        require_writes(client)
    reason = f"the signs of life are those of: {', '.join(names) or 'no worker'}"
    _report(Health("validation worker", name in names, reason), as_json)


@probe.command("beat")
@click.option(
    "--oldest",
    type=_SECONDS,
    default=60.0,
    show_default=True,
    help="Seconds for which a tick may be missing, or an entry overdue.",
)
@options.target
@options.local
@options.as_json
def beat_command(oldest: float, target: Path | None, local: bool, as_json: bool) -> None:
    """Check the effects of beat's ticks: recent, none overdue.

    Example: securenet-obs probe beat --oldest 60
    """
    enter_target(target, local=local, command="probe", needs=["redis"])
    from securenet_obs.probes.health.beat import probe_beat
    from securenet_obs.settings import load_settings

    _report(probe_beat(load_settings(), oldest), as_json)


@probe.command("redis")
@options.target
@options.local
@options.as_json
def redis_command(target: Path | None, local: bool, as_json: bool) -> None:
    """Write to the broker's and the results' database; read it back.

    Example: securenet-obs probe redis
    """
    enter_target(target, local=local, command="probe", needs=["redis"])
    from securenet_obs.probes.health.redis_writes import probe_redis
    from securenet_obs.settings import load_settings

    _report(probe_redis(load_settings()), as_json)


@probe.command("store")
@options.target
@options.local
@options.as_json
def store_command(target: Path | None, local: bool, as_json: bool) -> None:
    """Write a row to the store.

    Example: securenet-obs probe store
    """
    enter_target(target, local=local, command="probe", needs=["store"], opens_store=False)
    from securenet_obs.probes.health.health import Health
    from securenet_obs.store.write_check import check_writable

    began = time.monotonic()
    check_writable()
    seconds = time.monotonic() - began
    _report(Health("store", True, f"a row was written in {seconds:.3f} s"), as_json)


@probe.command("sentry")
@click.option(
    "--deadline",
    type=_SECONDS,
    default=15.0,
    show_default=True,
    help="Seconds to wait until the event can be read.",
)
@options.target
@options.local
@options.as_json
def sentry_command(deadline: float, target: Path | None, local: bool, as_json: bool) -> None:
    """Send an event to Sentry and read it back; it stays there.

    Example: securenet-obs probe sentry --deadline 15
    """
    enter_target(target, local=local, command="probe", needs=["sentry", "read-events"])
    from securenet_obs.probes.health.sentry_events import probe_sentry
    from securenet_obs.settings import load_settings

    _report(probe_sentry(load_settings(), deadline), as_json)


def _report(health: "Health", as_json: bool) -> None:
    """Print the result and exit with its code."""
    if as_json:
        print_json(asdict(health), indent=None)
    else:
        STDOUT.print(health.format(), markup=False, soft_wrap=True)
    sys.exit(0 if health.is_healthy else 1)
