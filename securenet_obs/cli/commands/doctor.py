"""Command `doctor`: what this machine or a target lacks, with the command that mends it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from securenet_obs.cli import options
from securenet_obs.cli.choice import Choice, choose
from securenet_obs.cli.consoles import STDOUT, print_json
from securenet_obs.errors import SettingsError

if TYPE_CHECKING:
    from securenet_obs.doctor.diagnosis import Diagnosis


@click.command()
@options.target
@options.local
@options.as_json
@options.root
def doctor(target: Path | None, local: bool, as_json: bool, root: Path) -> None:
    """List the lacks of this machine or a target; exit 1 if any.

    On this machine: Python, extras, programs, known-bad versions, ports, folders, space. Of a
    target: its settings, and whether Redis, the store, Sentry, the API and its logs answer. Each
    finding has the command that mends it. It writes nothing to a target.

    Example: securenet-obs doctor --target staging.env
    """
    from securenet_obs.doctor import count_missing, examine_machine

    try:
        choice = choose(target, local=local, root=root)
    except SettingsError as error:
        diagnoses = [_describe_missing_target(error)]
        diagnoses += examine_machine(is_stack_needed=False)
    else:
        is_stack_needed = choice.target.local
        diagnoses = list(examine_machine(is_stack_needed=is_stack_needed))
        if not choice.starts:
            diagnoses += _examine_target(choice, root, target, local=local)
    missing = count_missing(diagnoses)
    if as_json:
        rows = [diagnosis.to_json() for diagnosis in diagnoses]
        print_json({"missing": missing, "diagnoses": rows})
    else:
        _print(diagnoses)
        STDOUT.print("nothing is missing" if not missing else f"{missing} missing")
    sys.exit(1 if missing else 0)


def _describe_missing_target(error: SettingsError) -> "Diagnosis":
    from securenet_obs.doctor import Diagnosis

    remedy = "securenet-obs doctor --local, or --target FILE"
    return Diagnosis("target", "missing", str(error), "every command on a target", remedy)


def _examine_target(
    choice: Choice, root: Path, file: Path | None, *, local: bool
) -> "list[Diagnosis]":
    from securenet_obs.doctor import Diagnosis, examine_parts, examine_settings
    from securenet_obs.runner.notebook.catalog import read_all
    from securenet_obs.settings import Settings, load_settings

    target = choice.target
    diagnoses = list(examine_settings(target, read_all(root)[0]))
    os.environ.clear()
    os.environ.update(target.environment)
    try:
        settings = load_settings()
        # Refuses a broker's address without the number of a database.
        settings.results.get_secret_value()
    except SettingsError as error:
        observed = f"not examined: {error}"
        return [*diagnoses, Diagnosis("parts", "missing", observed, remedy="correct the settings")]
    known = {name.upper() for name in Settings.model_fields}
    named = f"--target {file}" if file else "--local" if local else ""
    return [*diagnoses, *examine_parts(settings, known & target.environment.keys(), named)]


def _print(diagnoses: "list[Diagnosis]") -> None:
    """Print each subject, and below those that are not there the command that mends them."""
    marks = {"ok": ("✔", "green"), "missing": ("✘", "red"), "optional": ("○", "yellow")}
    for row in diagnoses:
        mark, colour = marks[row.state]
        needed = f" (for {row.needed_for})" if row.needed_for and row.state != "ok" else ""
        line = f"{mark} {row.subject}: {row.observed}{needed}"
        STDOUT.print(line, style=colour, markup=False, soft_wrap=True, highlight=False)
        if row.remedy and row.state != "ok":
            STDOUT.print(f"    {row.remedy}", markup=False, soft_wrap=True, highlight=False)
