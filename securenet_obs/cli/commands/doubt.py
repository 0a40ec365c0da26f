"""The `doubt` command: is a validation worth anything?"""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.commands.drills import validation_runner
from securenet_obs.cli.consoles import STDERR, STDOUT, print_json
from securenet_obs.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from securenet_obs.drills.doubt import Doubt, KnownFault, Rehearsal


@click.command()
@click.argument("notebook", required=False)
@options.parameters
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Only this fault.")
@options.root
@options.as_json
def doubt(
    notebook: str | None,
    parameters: tuple[str, ...],
    faults: tuple[str, ...],
    root: Path,
    as_json: bool,
) -> None:
    """Run a validation during every known fault of a stack.

    Brings up a local stack of its own. Exits with 1 if the validation notices no fault. Without
    NOTEBOOK, each fault is held for the project's validations that must notice it. It exits with
    1 if one of them does not fail exactly the checks that are named for it.

    Example: securenet-obs doubt 02_logs_are_structured_json --fault local-time
    """
    from securenet_obs.drills import doubt as doubting
    from securenet_obs.runner.notebook.catalog import find
    from securenet_obs.runner.notebook.roots import work_folder
    from securenet_obs.stack.local_stack import LocalStack
    from securenet_obs.stack.state import default_root

    known = doubting.FAULTS if notebook else doubting.KNOWN_FAULTS
    chosen = _choose(known, faults)
    if notebook:
        # Fail before the first fault, not after it.
        find(root, notebook)
    elif parameters:
        raise click.UsageError("-p needs a NOTEBOOK: each fault has parameters of its own.")
    state = default_root(work_folder(root))
    with (
        validation_runner(root) as run_validation,
        LocalStack(root=state, ephemeral=True, report=_report) as stack,
    ):
        if notebook:
            _print_doubt(
                doubting.doubt(notebook, parameters, chosen, stack, run_validation, _report),
                as_json=as_json,
            )
        _print_rehearsals(
            doubting.rehearse(chosen, stack, run_validation, _report), as_json=as_json
        )


def _choose(known: "Mapping[str, KnownFault]", names: tuple[str, ...]) -> "list[KnownFault]":
    if unknown := [name for name in names if name not in known]:
        hint = did_you_mean(unknown[0], known)
        raise click.UsageError(
            f"There is no fault {unknown[0]!r}.{hint} There are {', '.join(known)}."
        )
    return [known[name] for name in names or known]


def _report(sentence: str) -> None:
    STDERR.print(sentence, markup=False, soft_wrap=True)


def _print_doubt(found: "Doubt", *, as_json: bool) -> None:
    from securenet_obs.runner.console.report import print_rows

    if as_json:
        print_json(asdict(found))
    else:
        rows = [
            {"fault": row.fault, "noticed by": row.check or f"its verdict: {row.verdict}"}
            for row in found.noticed
        ]
        rows += [{"fault": name, "noticed by": "NOTHING"} for name in found.unnoticed]
        rows += [
            {"fault": name, "noticed by": f"not injected: {reason}"}
            for name, reason in found.not_held.items()
        ]
        print_rows(STDOUT, rows)
        noticed = len({row.fault for row in found.noticed})
        STDOUT.print(
            f"{found.notebook} notices {noticed} of {noticed + len(found.unnoticed)} faults."
        )
    sys.exit(not found.noticed)


def _print_rehearsals(rehearsals: "list[Rehearsal]", *, as_json: bool) -> None:
    from securenet_obs.runner.console.report import print_rows

    if as_json:
        print_json([asdict(row) for row in rehearsals])
    else:
        rows = [
            {
                "fault": row.fault,
                "validation": row.notebook,
                "noticed": f"NO: {row.problem}" if row.problem else "yes",
            }
            for row in rehearsals
        ]
        print_rows(STDOUT, rows)
    sys.exit(any(row.problem for row in rehearsals))
