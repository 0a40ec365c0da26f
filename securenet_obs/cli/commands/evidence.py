"""Command of evidence: removal of old evidence folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import Duration
from securenet_obs.cli.usage import Group

if TYPE_CHECKING:
    from securenet_obs.reports.pruning import OldCommand

YEARS_S = 10 * 365 * 86_400


@click.group(cls=Group)
def evidence() -> None:
    """Remove old evidence."""


@evidence.command()
@click.option(
    "--older-than",
    "age_s",
    type=Duration(longest_s=YEARS_S, longest="10 years"),
    help="Age from which evidence is removed, such as 30d; by default RETENTION_EVIDENCE_D.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be removed; remove nothing.")
@options.evidence
@options.as_json
def prune(age_s: float | None, dry_run: bool, evidence: Path, as_json: bool) -> None:
    """Remove old evidence of commands, and list it.

    Kept at any age: the latest and the last green run of each notebook and target, runbooks that
    acted, the last proofs of runbooks, the newest command, those that have not ended, and the
    journal of on-call. Removed runs stay in the history of `securenet-obs report`.

    Example: securenet-obs evidence prune --older-than 30d --dry-run
    """
    from securenet_obs.reports.pruning import plan_pruning
    from securenet_obs.reports.pruning import prune as remove
    from securenet_obs.settings import get_settings

    if not evidence.is_dir():
        raise click.UsageError(f"--evidence {evidence}: there is no such folder.")
    seconds = age_s if age_s is not None else get_settings().retention_evidence_d * 86_400
    plan = plan_pruning(evidence, seconds)
    removed = [each for each in plan if not each.keep] if dry_run else remove(evidence, plan)
    kept = [each for each in plan if each.keep]
    if as_json:
        print_json(_describe(removed, kept, is_dry_run=dry_run))
        return
    for command in kept:
        STDOUT.print(f"kept     {command.name}  {command.keep}", markup=False)
    for command in removed:
        names = ", ".join(f"{run.notebook} {run.verdict}" for run in command.runs.runs)
        STDOUT.print(f"removed  {command.name}  {names}", markup=False)
    megabytes = sum(each.size for each in removed) / 1e6
    verb = "would be removed" if dry_run else "removed"
    STDOUT.print(f"{len(removed)} folders {verb}, {megabytes:.1f} MB; {len(kept)} old ones kept")


def _describe(
    removed: "Sequence[OldCommand]", kept: "Sequence[OldCommand]", *, is_dry_run: bool
) -> dict[str, object]:
    return {
        "dry_run": is_dry_run,
        "removed": [
            {
                "evidence": each.name,
                "bytes": each.size,
                "runs": [{"run": run.run, "verdict": run.verdict} for run in each.runs.runs],
            }
            for each in removed
        ],
        "kept": [{"evidence": each.name, "reason": each.keep} for each in kept],
    }
