"""Named actions of a local stack for runbooks: writes the file that RUNBOOK_ACTIONS names."""

import json
import re
import sys
from pathlib import Path

from securenet_obs.stack.parts.readiness import WORKER
from securenet_obs.stack.parts.services import SERVICE_PREFIX, SERVICES

NAME = "actions.toml"
"""Name of the file in the stack's folder."""

_PROGRAM = "securenet_obs.stack.restart_program"
_SERVICE = f"({SERVICE_PREFIX})?({'|'.join(SERVICES)})"
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
        "[restore_log_format]\n"
        f"command = {json.dumps([*program, '{service}'])}\n"
        'undo = "restart it with LOG_FORMAT=console"\n'
        "deadline_s = 95\n\n"
        "[restore_log_format.parameters]\n"
        f"service = {json.dumps(_SERVICE)}\n\n"
        "[restore_sentry_dsn]\n"
        f"command = {json.dumps([*program, '{service}'])}\n"
        'undo = "restart it with its former SENTRY_DSN"\n'
        "deadline_s = 95\n\n"
        "[restore_sentry_dsn.parameters]\n"
        f"service = {json.dumps(_SERVICE)}\n",
        encoding="utf-8",
    )
    return path
