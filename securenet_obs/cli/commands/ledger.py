"""Command that balances sent tasks, captured error events and written log lines."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import Duration

if TYPE_CHECKING:
    from securenet_obs.probes.ledger.balance import Ledger
    from securenet_obs.probes.ledger.single_task import TaskAccount

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
@click.option("--task", "task_id", metavar="ID", help="Explain one task instead, by its id.")
@options.target
@options.local
@options.as_json
def ledger(
    period_s: float, task_id: str | None, target: Path | None, local: bool, as_json: bool
) -> None:
    """Balance tasks, events and log lines; 1 if any is missing.

    Tasks, by queue and task: sent = done + waiting + in flight + scheduled + dead + expired +
    unrecorded + missing. The end of an unrecorded one is unknown: the result database has been
    emptied, or refuses writes. Error events, by service: captured = accepted + dropped + queued +
    missing. Log lines, by service: written + uncounted = read + lost + missing. Missing tasks and
    events are named by their ids, missing lines by service and time.

    Example: securenet-obs ledger --since 1h
    """
    enter_target(target, local=local, command="ledger", needs=["redis"])
    from securenet_obs.probes.ledger.balance import read_ledger, read_task
    from securenet_obs.settings import load_settings

    if task_id is not None:
        account = read_task(load_settings(), task_id)
        _print_account(account, as_json=as_json)
        sys.exit(0 if account.is_accounted_for else 1)
    found = read_ledger(load_settings(), period_s)
    if as_json:
        print_json(_as_data(found))
    else:
        _print(found)
    sys.exit(1 if found.missing_count else 0)


def _print_account(account: "TaskAccount", *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(account))
    else:
        STDOUT.print(account.sentence, markup=False, soft_wrap=True)


def _as_data(found: "Ledger") -> dict[str, Any]:
    """Return the ledger as plain data; times of tasks and events are Unix seconds."""
    lines = found.lines
    return {
        "tasks": {
            "begins_at": _format_time(found.tasks.begins_at),
            "rows": found.tasks.tabulate(),
            "missing": [asdict(task) for task in found.tasks.missing],
            "unrecorded": [asdict(task) for task in found.tasks.unrecorded],
            "unrecorded_reason": found.tasks.unrecorded_reason,
        },
        "events": {
            "rows": found.events.tabulate(),
            "missing": [asdict(event) for event in found.events.missing],
            "dropped": [asdict(event) for event in found.events.dropped],
        },
        "lines": {
            "unread": found.unread,
            "rows": lines.tabulate() if lines else [],
            "missing": list(_name_missing_lines(found)),
            "others": lines.others if lines else {},
        },
    }


def _print(found: "Ledger") -> None:
    tasks, events, lines = found.tasks, found.events, found.lines
    begins_at = _format_time(tasks.begins_at)
    _print_section(f"Tasks, records since {begins_at}", tasks.tabulate(), "none sent")
    _print_missing((f"{task.id} {task.task}" for task in tasks.missing), len(tasks.missing))
    if tasks.unrecorded:
        count, reason = len(tasks.unrecorded), tasks.unrecorded_reason
        STDOUT.print(f"{count} unrecorded: {reason}", markup=False, soft_wrap=True)
    _print_section("Error events", events.tabulate(), "none captured")
    named = (f"{event.id} {event.service}" for event in events.missing)
    _print_missing(named, events.missing_count)
    _print_section("Log lines", lines.tabulate() if lines else [], found.unread or "none counted")
    named = (
        f"{row['lines']} of {row['service']} from {row['from']}"
        for row in _name_missing_lines(found)
    )
    _print_missing(named, lines.missing_count if lines else 0)
    if lines:
        for service, number in lines.others.items():
            STDOUT.print(f"of another producer: {number} of {service}", markup=False)


def _print_section(title: str, rows: list[dict[str, str | int]], empty: str) -> None:
    from securenet_obs.runner.console.report import print_rows

    STDOUT.print(title if rows else f"{title}: {empty}", markup=False, soft_wrap=True)
    print_rows(STDOUT, [{name: str(value) for name, value in row.items()} for row in rows])


def _print_missing(named: Iterator[str], count: int) -> None:
    for number, name in enumerate(named):
        if number == _MAX_SHOWN:
            break
        STDOUT.print(f"missing: {name}", markup=False, soft_wrap=True)
    more = f", of which {_MAX_SHOWN} are shown; --json lists all" if count > _MAX_SHOWN else ""
    STDOUT.print(f"{count} missing{more}")


def _name_missing_lines(found: "Ledger") -> Iterator[dict[str, str | int]]:
    """Yield service, beginning of the ten seconds, and number of missing lines."""
    for (slice_name, service), number in (found.lines.missing if found.lines else {}).items():
        yield {"service": service, "from": f"{slice_name}0Z", "lines": number}


def _format_time(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%FT%TZ}"
