"""Commands of runbooks: their list with the last proof of each, and the proof by incidents."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDERR, STDOUT
from securenet_obs.cli.usage import Group
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from securenet_obs.drills.incidents.crossing import CrossProof
    from securenet_obs.drills.incidents.incident import Proof


@click.group(cls=Group)
def runbooks() -> None:
    """List the runbooks, and prove each by its incident."""


@runbooks.command("list")
@options.evidence
@options.root
@options.as_json
def list_runbooks(evidence: Path, root: Path, as_json: bool) -> None:
    """List the runbooks, each with its last proofs.

    Exits with 1 if a runbook was not proved within 30 days, or if its last proof, by its own
    incident or across those of all others, failed.

    Example: securenet-obs runbooks list --json
    """
    from securenet_obs.oncall.history import History
    from securenet_obs.oncall.proofs import summarise_warnings, tabulate_proofs
    from securenet_obs.runner.console.report import print_rows

    rows = tabulate_proofs(root, History(evidence))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print_rows(STDOUT, [row.to_row() for row in rows])
        for warning in summarise_warnings(rows):
            STDERR.print(warning, style="bold red", markup=False)
    sys.exit(any(row.warning for row in rows))


@runbooks.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--cross", "crosses", is_flag=True, help="Run each on the faults of all others instead."
)
@options.evidence
@options.root
@options.as_json
def prove(names: tuple[str, ...], crosses: bool, evidence: Path, root: Path, as_json: bool) -> None:
    """Break a local stack; run the runbook, confirm and verify.

    Proves all runbooks, or those named. Exits with 1 if one did not find, mend and verify.
    --cross runs them on a healthy stack and on the faults of all others. It exits with 1 if a row
    applies or an action is offered there, without an argued exception.

    Example: securenet-obs runbooks prove queue_is_growing
    """
    from securenet_obs.drills.incidents import (
        INCIDENTS,
        cross,
        prove,
        render_cross,
        render_proofs,
    )
    from securenet_obs.drills.incidents.proving import RunbookRunner
    from securenet_obs.runner.evidence.folder import check_root
    from securenet_obs.runner.kernel.forked import warm_server
    from securenet_obs.runner.notebook.roots import work_folder
    from securenet_obs.stack.state import default_root

    known = {incident.runbook for incident in INCIDENTS.values()}
    if unknown := sorted(set(names) - known):
        hint = did_you_mean(unknown[0], known)
        raise click.UsageError(f"No incident proves {unknown[0]!r}.{hint}")
    chosen = [row for row in INCIDENTS.values() if not names or row.runbook in names]
    check_root(evidence)
    with warm_server() as server:
        runner = RunbookRunner(root, evidence, server())
        state = default_root(work_folder(root))
        if crosses:
            runbooks = sorted({row.runbook for row in chosen})
            crossed = cross(list(INCIDENTS.values()), runbooks, runner, state=state, report=_report)
            _print(crossed, render_cross(crossed), as_json=as_json)
        else:
            proofs = prove(chosen, runner, state=state, report=_report)
            _print(proofs, render_proofs(proofs), as_json=as_json)


def _report(sentence: str) -> None:
    STDERR.print(sentence, markup=False, soft_wrap=True)


def _print(
    proofs: Sequence["Proof | CrossProof"], rows: list[dict[str, str]], *, as_json: bool
) -> None:
    """Print proofs as JSON or as a table, and exit."""
    from securenet_obs.runner.console.report import print_rows

    if as_json:
        click.echo(
            json.dumps([{**asdict(row), "outcome": row.outcome} for row in proofs], indent=2)
        )
    else:
        print_rows(STDOUT, rows)
    sys.exit(any(row.outcome == "failed" for row in proofs))
