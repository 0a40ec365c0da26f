"""The service of on-call as a part of the stack: it leaves a dossier for each alert."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.readiness import is_oncall_ready

SERVICE = "securenet-oncall"
"""Name of the process in its log lines."""


def create_oncall_part(
    folder: Path, environment: Mapping[str, str], guard: Guard
) -> dict[str, Part]:
    """Return the part by its name, not yet started; none without the extra `notebooks`.

    Its log is not among those of the services, which validations judge.
    """
    if find_spec("nbclient") is None:
        return {}
    part = Part(
        "oncall",
        [sys.executable, "-m", "securenet_obs", "oncall", "serve"],
        folder=folder,
        log=folder / "oncall.log",
        environment={**environment, "SERVICE_NAME": SERVICE, "PYTHONUNBUFFERED": "1"},
        ready=lambda since: is_oncall_ready(environment, since),
        address=environment["DOSSIERS_FOLDER"],
        guard=guard,
    )
    return {"oncall": part}
