"""Named actions of a local stack for runbooks: writes the file that RUNBOOK_ACTIONS names."""

import json
import re
import sys
from pathlib import Path

from securenet_obs.stack.parts.readiness import WORKER

NAME = "actions.toml"
"""Name of the file in the stack's folder."""

_PROGRAM = "securenet_obs.stack.restart_program"
_TIMEOUT_UNDO = "none: the worker starts with this release's own timeout"
_BEAT_UNDO = "none: a restarted beat goes on where Redis has its last times"
_UNDO = "none: a restarted worker consumes as before; tasks that it held are delivered again"


def write_actions(folder: Path) -> Path:
    """Write the file of a stack's actions; return its path.

    Args:
        folder: the stack's folder.
    """
    root, stack = folder.parents[1], folder.name
    program = [sys.executable, "-P", "-m", _PROGRAM, str(root), stack]
    path = folder / NAME
    # JSON's strings and arrays are TOML's, too.
    path.write_text(
        "[restart_worker]\n"
        f"command = {json.dumps([*program, 'worker'])}\n"
        f"undo = {json.dumps(_UNDO)}\n"
        "deadline_s = 95\n\n"
        "[restart_worker.parameters]\n"
        f"worker = {json.dumps(re.escape(WORKER))}\n\n"
        "[raise_visibility_timeout]\n"
        f"command = {json.dumps([*program, 'worker'])}\n"
        f"undo = {json.dumps(_TIMEOUT_UNDO)}\n"
        "deadline_s = 95\n\n"
        "[raise_visibility_timeout.parameters]\n"
        f"worker = {json.dumps(re.escape(WORKER))}\n\n"
        "[restart_beat]\n"
        f"command = {json.dumps([*program, 'beat'])}\n"
        f"undo = {json.dumps(_BEAT_UNDO)}\n"
        "deadline_s = 95\n",
        encoding="utf-8",
    )
    return path
