"""Command `scan`: matches an inventory with advisories; prints findings; exits 1 on grave ones."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs import __version__
from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json, print_line
from securenet_obs.cli.parameter_types import NonEmptyPath
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import AdvisoriesError, InventoryError, WaiverError

if TYPE_CHECKING:
    from securenet_obs.detection.vulnerabilities.advisories.index import MemoryIndex
    from securenet_obs.detection.vulnerabilities.matching import Unjudged
    from securenet_obs.detection.vulnerabilities.report import Finding, Report
    from securenet_obs.detection.vulnerabilities.waivers import Waived

_MAX_NAMED = 5
_LEVELS = ("unknown", "low", "medium", "high", "critical")


@click.command()
@click.option(
    "--inventory",
    "inventory_path",
    type=NonEmptyPath(exists=True),
    required=True,
    help="requirements.txt, uv.lock, poetry.lock, package-lock.json, CycloneDX JSON, a list of "
    "purls, or a folder with any of them.",
)
@click.option(
    "--advisories",
    "advisories_path",
    type=NonEmptyPath(exists=True),
    required=True,
    help="Advisories in OSV's format: a folder, a JSON file, or an archive such as all.zip.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS, case_sensitive=False),
    help="Exit 1 if a finding is at or above this severity, or has none that is known.",
)
@click.option(
    "--plan-from",
    type=click.Choice(_LEVELS, case_sensitive=False),
    default="unknown",
    show_default=True,
    help="Severity from which the plan's upgrades are free of vulnerabilities.",
)
@click.option(
    "--waivers",
    "waivers_path",
    type=NonEmptyPath(exists=True, dir_okay=False),
    help="TOML with accepted vulnerabilities; they are shown, but do not fail the command.",
)
@click.option(
    "--exploited",
    "exploited_path",
    type=NonEmptyPath(exists=True, dir_okay=False),
    help="CISA's catalogue of known exploited vulnerabilities, in JSON.",
)
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0.")
@options.as_json
def scan(
    inventory_path: Path,
    advisories_path: Path,
    fail_on: str | None,
    plan_from: str,
    waivers_path: Path | None,
    exploited_path: Path | None,
    sarif: bool,
    as_json: bool,
) -> None:
    """Find known vulnerabilities in an inventory, offline.

    Packages that cannot be judged are listed with the reason. Standard error has a summary.

    Example: securenet-obs scan --inventory uv.lock --advisories all.zip --json
    """
    from securenet_obs.detection.vulnerabilities.advisories.files import read_records
    from securenet_obs.detection.vulnerabilities.advisories.index import build_index
    from securenet_obs.detection.vulnerabilities.exploited import read_exploited
    from securenet_obs.detection.vulnerabilities.inventory import read_inventory
    from securenet_obs.detection.vulnerabilities.report import as_sarif
    from securenet_obs.detection.vulnerabilities.report import scan as scan_inventory
    from securenet_obs.detection.vulnerabilities.waivers import apply_waivers, read_waivers

    if sarif and as_json:
        raise click.UsageError("--json and --sarif exclude each other.")
    with usage_errors_for(InventoryError, AdvisoriesError, WaiverError):
        inventory = read_inventory(inventory_path)
        packages = {component.package for component in inventory.components}
        index = build_index(read_records(advisories_path), packages)
        exploited = read_exploited(exploited_path) if exploited_path else {}
        waivers = read_waivers(waivers_path) if waivers_path else []
    report = scan_inventory(inventory, index, plan_from, exploited)
    waived = apply_waivers(report, waivers, datetime.now(UTC).date())
    if sarif:
        print_json(as_sarif(report, __version__))
    elif as_json:
        print_json({**report.as_json(), "waivers": waived.as_json()})
    else:
        _print_tables(report)
    _print_summary(report, index, waived)
    sys.exit(1 if fail_on and _fails(report, fail_on) else 0)


def _fails(report: "Report", severity: str) -> bool:
    """Return whether a finding is at or above a severity, or may be: its own is not known."""
    if unrated := report.unrated():
        names = ", ".join(f"{row.advisory_id} ({row.package})" for row in unrated[:_MAX_NAMED])
        more = f" and {len(unrated) - _MAX_NAMED} more" if len(unrated) > _MAX_NAMED else ""
        print_line(
            STDERR,
            f"--fail-on {severity}: {len(unrated)} without a known severity count as above it: "
            f"{names}{more}. Waive those that are harmless.",
        )
    return bool(unrated or report.at_or_above(severity))


def _print_tables(report: "Report") -> None:
    from securenet_obs.runner.console.report import print_rows

    tables = (
        [_finding_row(finding) for finding in report.findings],
        [_plan_row(fix.as_json()) for fix in report.plan],
        [_unjudged_row(unjudged) for unjudged in report.unjudged],
    )
    for number, rows in enumerate(filter(None, tables)):
        if number:
            STDOUT.print()
        print_rows(STDOUT, rows)


def _finding_row(finding: "Finding") -> dict[str, object]:
    return {
        "package": finding.package,
        "version": finding.version,
        "severity": finding.severity.level,
        "id": finding.advisory_id,
        "fixed": finding.fixed or "none known",
        "state": _state(finding),
        "summary": finding.summary[:80],
    }


def _unjudged_row(unjudged: "Unjudged") -> dict[str, object]:
    return {
        "unjudged": f"{unjudged.package} {unjudged.version}".strip() or "an entry",
        "place": ", ".join(unjudged.places),
        "reason": unjudged.reason,
        "advisories": ", ".join(unjudged.ids),
    }


def _state(finding: "Finding") -> str:
    exploited = "exploited" if finding.known_exploited else ""
    return " ".join(filter(None, [exploited, "waived" if finding.waived else ""]))


def _plan_row(fix: dict[str, object]) -> dict[str, object]:
    return {
        "upgrade": f"{fix['package']} {fix['version']}",
        "to": fix["fixed"] or fix["reason"],
    }


def _print_summary(report: "Report", index: "MemoryIndex", waived: "Waived") -> None:
    for state, listed in waived.as_json().items():
        for row in listed:
            print_line(STDERR, f"{state} waiver: {row['id']} {row['package']}")
    for problem in index.problems:
        print_line(STDERR, f"{problem.place}: {problem.reason}")
    unrated = sum(row.severity.level == "unknown" for row in report.findings)
    STDERR.print(
        f"{report.uses} packages, {index.records} advisories of {index.newest[:10] or 'no date'}: "
        f"{len(report.findings)} findings, {unrated} of them without a severity; "
        f"{len(report.unjudged)} not judged; {index.git_ranges} ranges of commits skipped",
        soft_wrap=True,
    )
