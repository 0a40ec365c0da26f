"""Commands for authors of notebooks: `new` writes a draft, `lint` checks notebooks."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.cli.parameter_types import NonEmptyPath
from securenet_obs.cli.usage import usage_errors_for
from securenet_obs.errors import NotebookError, NotebookNotFoundError

if TYPE_CHECKING:
    from securenet_obs.authoring.drafts import Kind

_PROJECT = click.option(
    "--root",
    type=NonEmptyPath(exists=True, file_okay=False),
    default=".",
    show_default="this folder",
    help="Project folder that holds, or is to hold, notebooks/ and runbooks/.",
)


@click.group("new")
def new() -> None:
    """Write the draft of a notebook that runs and passes lint."""


@new.command("validation")
@click.argument("name")
@_PROJECT
def new_validation(name: str, root: Path) -> None:
    """Write the draft of a validation, named as its claim.

    It gets the next number of notebooks/.

    Example: securenet-obs new validation results_expire
    """
    _write("validation", name, root)


@new.command("runbook")
@click.argument("name")
@_PROJECT
def new_runbook(name: str, root: Path) -> None:
    """Write the draft of a runbook, named as its symptom.

    The output lists the parts that are still to be written; `lint` lists them, too.

    Example: securenet-obs new runbook results_are_late
    """
    _write("runbook", name, root)


def _write(kind: "Kind", name: str, root: Path) -> None:
    from securenet_obs.authoring import write_draft

    with usage_errors_for(NotebookError):
        draft = write_draft(kind, name, root)
    STDOUT.print(f"{draft.path} is written. It runs as it is:", markup=False, soft_wrap=True)
    command = "validate" if kind == "validation" else "run"
    where = "" if root == Path() else f" --root {root}"
    for line in (
        f"securenet-obs {command} {draft.name} --local{where}",
        f"securenet-obs lab --edit{where}",
    ):
        STDOUT.print(f"  {line}", markup=False, soft_wrap=True)
    if draft.findings:
        STDOUT.print("Still to be written; remove `draft` from its metadata at the end:")
    for finding in draft.findings:
        STDOUT.print(f"  {finding.rule}: {finding.problem}", markup=False, soft_wrap=True)


@click.command()
@click.argument("paths", nargs=-1, type=NonEmptyPath(), metavar="[PATH...]")
@options.as_json
@options.root
def lint(paths: tuple[Path, ...], as_json: bool, root: Path) -> None:
    """Check that notebooks keep the rules; exit 1 if one does not.

    The rules: anatomy, metadata, typed parameters, no shell escape, no absolute path, no secret,
    stored outputs that are those of the code. Parts that a draft lacks are listed as open. A path
    is a notebook or a folder; by default all notebooks of the project are checked.

    Example: securenet-obs lint notebooks/08_the_broker_is_safe.ipynb --json
    """
    from securenet_obs.authoring import find_files, lint_files

    with usage_errors_for(NotebookNotFoundError):
        files = find_files(root, paths)
    findings = lint_files(files)
    failures = [finding for finding in findings if not finding.is_open]
    if as_json:
        rows = [finding.to_json() for finding in findings]
        print_json({"notebooks": len(files), "findings": rows})
    else:
        for finding in findings:
            prefix = "open: " if finding.is_open else ""
            STDOUT.print(f"{prefix}{finding}", markup=False, soft_wrap=True)
        broken = Counter(finding.path for finding in failures)
        STDOUT.print(
            f"{len(files)} notebooks, {len(broken)} with {len(failures)} problems, "
            f"{len(findings) - len(failures)} open parts of drafts"
        )
    sys.exit(1 if failures else 0)


COMMANDS = (new, lint)
