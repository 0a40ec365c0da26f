"""Has drills run, each on a local stack of its own, and tables what came of them."""

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
"""Names the notebook that the runner executes; no other runner sets it."""

LOCAL = "local"
"""Name of the environment that a local stack has."""

_LISTS = ("lost", "doubled", "problems")


def run_drills(
    settings: Settings, names: Sequence[str], *, tasks: int, deadline_s: float
) -> pd.DataFrame:
    """Run drills by the command `securenet-obs drill`; what they tell goes to standard error.

    Args:
        settings: of the target; anything but a local stack is refused, for what is shown on stacks
            of this machine proves nothing of another environment.
        names: of drills; none for all of them.
        tasks: batches in flight when a fault is put in.
        deadline_s: seconds after which they are ended.

    Returns:
        A row for each drill, its name in the index: `accepted`, `in_flight`, `lost`, `doubled` and
        `problems` (counts), `recovered_s` (NaN for never), `unnoticed` (validations that passed
        while the fault was in), `validations` (notebook -> verdict), `skipped` (the reason).

    Raises:
        SettingsError: the target is no local stack.
        ProbeError: the drills did not come to an end, or there is no such drill.
    """
    if settings.environment != LOCAL:
        raise SettingsError(
            f"ENVIRONMENT is {settings.environment}: drills are for local stacks only. Run this "
            "notebook without a target."
        )
    command = [sys.executable, "-m", "securenet_obs", "drill", "--json", "--tasks", str(tasks)]
    command += ["--root", str(_project())]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, *names], stdout=subprocess.PIPE, timeout=deadline_s, check=False, text=True
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"The drills had not ended after {deadline_s:g} s.") from error
    try:
        results = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise ProbeError(f"The drills ended with status {done.returncode}.") from error
    return pd.DataFrame([_row(result) for result in results]).set_index("drill")


def _project() -> Path:
    """Return the folder whose notebooks/ holds the validations: above this notebook, or above us.

    Raises:
        ProbeError: there is none.
    """
    here = Path(os.environ.get(NOTEBOOK, Path.cwd()))
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir():
            return folder
    raise ProbeError(f"No folder above {here} has notebooks/: start this from its project.")


def _row(result: dict[str, Any]) -> dict[str, Any]:
    counts = {name: len(result[name]) for name in _LISTS}
    kept = ("drill", "accepted", "in_flight", "validations", "unnoticed", "skipped")
    recovered_s = math.nan if result["recovered_s"] is None else result["recovered_s"]
    return {**{name: result[name] for name in kept}, **counts, "recovered_s": recovered_s}
