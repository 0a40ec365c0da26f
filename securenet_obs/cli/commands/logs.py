"""Commands on log files: `check`, `find`; `summary`, `convert`, `import` of network logs."""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import enter_target
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line
from securenet_obs.cli.parameter_types import FieldValue, Moment, NonEmptyPath, TenantId
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import NotFoundError

_LOG = NonEmptyPath(exists=True, dir_okay=False, allow_dash=True, path_type=str)
_MAX_LISTED = 10
_FILE = NonEmptyPath(exists=True, dir_okay=False)


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
        print_json(report)
    else:
        print_rows(STDOUT, report["rejected"])
        print_rows(STDOUT, report["skipped"])
        print_rows(STDOUT, [{"pending": name} for name in report["pending"]])
        if unlisted := report["total"] - report["valid"] - len(report["rejected"]):
            STDOUT.print(f"{unlisted} more rejected lines are not listed")
        STDOUT.print(f"{report['total']} lines, {report['valid']} valid")
    sys.exit(1 if report["rejected"] else 0)


@logs.command("find")
@click.argument("sources", nargs=-1, metavar="[SOURCE...]")
@click.option("--since", type=Moment(), help="Time of the oldest line.")
@click.option("--until", type=Moment(), help="Time of the newest line.")
@click.option(
    "--level",
    type=click.Choice(["debug", "info", "warning", "error", "critical"]),
    default="debug",
    show_default=True,
    help="Least severe level.",
)
@click.option(
    "--where",
    "fields",
    type=FieldValue(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="Value of a field; it may be given several times.",
)
@options.limit(50)
@options.target
@options.local
@options.as_json
def find_command(
    sources: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    level: str,
    fields: tuple[tuple[str, str], ...],
    limit: int,
    target: Path | None,
    local: bool,
    as_json: bool,
) -> None:
    """Find log lines by time, level and fields, with their places.

    Without a source the LOG_SOURCE of the target is read. Rotations are read, too. The last lines
    are printed, each with its file and number; the exit code is 1 if there is none.

    Example: securenet-obs logs find --level error --where request_id=4f2a
    """
    from securenet_obs.probes.logs.finding import Wanted, find_lines

    if not sources:
        enter_target(target, local=local, command="logs", needs=["logs"])
        from securenet_obs.settings import load_settings

        sources = (load_settings().log_source,)
    wanted = Wanted(since, until, level, dict(fields))
    with usage_errors_for(NotFoundError):
        found = find_lines(*sources, wanted=wanted, limit=limit)
    if as_json:
        rows = [{"file": row.file, "line": row.number, **row.record} for row in found.lines]
        print_json({"total": found.total, "lines": rows})
    else:
        for row in found.lines:
            print_line(STDOUT, f"{row.file}:{row.number} {_format_line(row.record)}")
        if more := found.total - len(found.lines):
            STDERR.print(f"{more} earlier lines are left out; see --limit", soft_wrap=True)
    sys.exit(0 if found.total else 1)


def _format_line(record: Mapping[str, Any]) -> str:
    """Return a record as one line: time, level, service, event, then its other fields."""
    first = ("timestamp", "level", "service", "event")
    head = [str(record[name]) for name in first if name in record]
    rest = [f"{name}={_text(value)}" for name, value in record.items() if name not in first]
    return " ".join([*head, *rest])


def _text(value: Any) -> str:
    """Return a value of a record on one line."""
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)


@logs.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE...", type=_LOG)
@options.as_json
def summary(sources: tuple[str, ...], as_json: bool) -> None:
    """Summarise network logs: counts, times, top talkers.

    Lists unknown shapes and the quarantine, too. Reads Suricata EVE, Zeek (JSON and TSV),
    CloudTrail, Windows events, VPC flows, and any JSON; plain or compressed (gz, zst). - is
    standard input.

    Example: securenet-obs logs summary eve.json conn.log.gz --json
    """
    from securenet_obs.detection.network.summary import summarise

    found = summarise(sources)
    if as_json:
        print_json(found)
    else:
        _print_summary(found)


def _print_summary(found: dict[str, Any]) -> None:
    from securenet_obs.runner.console.report import print_rows

    counts = ("lines", "records", "quarantined", "blank", "untimed")
    STDOUT.print(", ".join(f"{found[name]} {name}" for name in counts))
    is_timed = found["first"] is not None
    STDOUT.print(
        f"from {found['first']} to {found['last']}" if is_timed else "no record has a time"
    )
    for rows in _tables(found):
        if rows:
            STDOUT.print()
            print_rows(STDOUT, rows)
    if found["talkers_are_a_sample"]:
        STDOUT.print("\nThe talkers are those of a sample: there are too many addresses.")
    if (unlisted := found["quarantined"] - _MAX_LISTED) > 0:
        STDOUT.print(f"{unlisted} more quarantined lines are not listed; --json lists up to 1000")


def _tables(found: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each table of a summary; metrics that are 0 are left out."""
    for title, name in (("log type", "log_types"), ("metric", "metrics"), ("reason", "reasons")):
        yield [{title: key, "count": count} for key, count in found[name].items() if count]
    yield [
        {"unknown shape": row["names"], "count": row["count"]} for row in found["unknown_shapes"]
    ]
    yield [{"top talker": row.pop("address"), **row} for row in found["top_talkers"]]
    yield found["quarantine"][:_MAX_LISTED]


@logs.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE...", type=_LOG)
def convert(sources: tuple[str, ...]) -> None:
    """Print network logs in the Elastic Common Schema (ECS).

    Lines that are not records are listed on standard error, with their place and reason.

    Example: securenet-obs logs convert conn.log | jq .source.ip
    """
    from securenet_obs.detection.network.conversion import convert as converted

    output = sys.stdout.buffer
    for line in converted(sources):
        if isinstance(line, bytes):
            output.write(line)
        else:
            place = f"{line.file}:{line.line}: {line.reason}: {line.sample}"
            print_line(STDERR, place)


@logs.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="FILE...", type=_FILE)
@click.option(
    "--tenant",
    type=TenantId(),
    required=True,
    help="The tenant whose minutes the files are added to.",
)
@options.target
@options.local
def import_files(sources: tuple[Path, ...], tenant: str, target: Path | None, local: bool) -> None:
    """Let workers count network logs for a tenant, once.

    A large file is divided into ranges, one task each. All workers must reach it by the same path.

    Example: securenet-obs logs import /srv/logs/conn.log --tenant acme
    """
    for path in sources:
        if not path.is_file():
            raise click.UsageError(f"{path} is not a file: it could not be read by ranges.")
    enter_target(target, local=local, command="logs", needs=["store", "redis"])
    from securenet_obs.workers.publishing import publish
    from securenet_obs.workers.tasks import process_log_file

    for path in sources:
        task_id = publish(process_log_file, tenant, str(path.resolve()))
        print_line(STDOUT, f"{path} was sent as task {task_id}")


@logs.command("imported")
@click.option("--tenant", help="Only this tenant's files.")
@options.limit(20)
@options.target
@options.local
@options.as_json
def list_imported(
    tenant: str | None, limit: int, target: Path | None, local: bool, as_json: bool
) -> None:
    """List imported network logs, with progress and counts.

    Newest first; with --json also their first quarantined lines. A file is kept for
    RETENTION_PROCESSED_D days.

    Example: securenet-obs logs imported --tenant acme
    """
    enter_target(target, local=local, command="logs", needs=["store"])
    from securenet_obs.detection.network.stored.ranges import list_files
    from securenet_obs.runner.console.report import print_rows
    from securenet_obs.store import session_scope

    with session_scope() as session:
        rows = list_files(session, tenant, limit)
    if as_json:
        print_json(rows)
    else:
        print_rows(STDOUT, [{n: v for n, v in row.items() if n != "quarantine"} for row in rows])
