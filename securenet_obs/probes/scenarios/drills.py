"""Runs drills by the command `securenet-obs drill`, for a notebook; tabulates their results."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from securenet_obs.errors import ProbeError, SettingsError
from securenet_obs.settings import Settings

NOTEBOOK = "SECURENET_OBS_NOTEBOOK"
"""Variable with the path of the notebook being run; only our runner sets it."""

_LOCAL = "local"
"""Environment name of a local stack."""

_LISTS = ("lost", "doubled", "problems")


def run_drills(
    settings: Settings, names: Sequence[str], *, tasks: int, deadline_s: float
) -> pd.DataFrame:
    """Run drills with the command `securenet-obs drill`; their progress goes to standard error.

    Args:
        settings: settings of the target; anything but a local stack is refused, because results
            from stacks on this machine prove nothing about another environment.
        names: names of drills; all of them if empty.
        tasks: batches in flight when a fault is injected.
        deadline_s: seconds after which the drills are ended.

    Returns:
        A row for each drill, its name in the index: `accepted`, `in_flight`, `lost`, `doubled` and
        `problems` (counts), `recovered_s` (NaN for never), `unnoticed` (validations that passed
        during the fault), `validations` (notebook -> verdict), `skipped` (the reason).

    Raises:
        SettingsError: the target is not a local stack.
        ProbeError: the drills did not finish, or a name is unknown.
    """
    if settings.environment != _LOCAL:
        raise SettingsError(
            f"ENVIRONMENT is {settings.environment}, but drills run on local stacks only; run this "
            "notebook without a target."
        )
    command = [sys.executable, "-m", "securenet_obs", "drill", "--json", "--tasks", str(tasks)]
    command += ["--root", str(_find_project())]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *names], stdout=subprocess.PIPE, timeout=deadline_s, check=False, text=True
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"The drills did not end within {deadline_s:g} s.") from error
    try:
        results = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise ProbeError(
            f"The drills ended with status {done.returncode} and without results."
        ) from error
    return pd.DataFrame([_build_row(result) for result in results]).set_index("drill")


def _find_project() -> Path:
    """Return the nearest folder with notebooks/, upwards from the notebook or the working folder.

    Raises:
        ProbeError: no such folder exists.
    """
    here = Path(os.environ.get(NOTEBOOK, Path.cwd()))
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir():
            return folder
    raise ProbeError(
        f"No folder above {here} contains notebooks/; run this notebook inside its project."
    )


def _build_row(result: dict[str, Any]) -> dict[str, Any]:
    counts = {name: len(result[name]) for name in _LISTS}
    kept = ("drill", "accepted", "in_flight", "validations", "unnoticed", "skipped")
    recovered_s = math.nan if result["recovered_s"] is None else result["recovered_s"]
    return {**{name: result[name] for name in kept}, **counts, "recovered_s": recovered_s}
