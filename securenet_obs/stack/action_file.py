"""Named actions of a local stack for runbooks: writes the file that RUNBOOK_ACTIONS names."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from securenet_obs.stack.parts.readiness import WORKER
from securenet_obs.stack.parts.services import SERVICE_PREFIX, SERVICES

NAME = "actions.toml"
"""Name of the file in the stack's folder."""

DEADLINE_S = 95
"""Seconds that an action may take."""

_RESTART = "securenet_obs.stack.restart_program"
_ROTATE = "securenet_obs.stack.rotate_program"


class _Action(NamedTuple):
    """An action by a program: a part's restart with the stack's own settings, or a rotation.

    Args:
        words: the program's last arguments: names, or placeholders of parameters.
        undo: how to undo it.
        parameters: pattern of each parameter.
        program: the module to run.
    """

    words: tuple[str, ...]
    undo: str
    parameters: Mapping[str, str] = {}
    program: str = _RESTART


_WORKER = {"worker": re.escape(WORKER)}
_SERVICE = {"service": f"({SERVICE_PREFIX})?({'|'.join(SERVICES)})"}

_ACTIONS = {
    "restart_worker": _Action(
        ("worker",),
        "none: a restarted worker consumes as before; tasks that it held are delivered again",
        _WORKER,
    ),
    "start_workers": _Action(("worker",), "none: a worker that is started consumes its queues"),
    "raise_visibility_timeout": _Action(
        ("worker",), "none: the worker starts with this release's own timeout", _WORKER
    ),
    "restart_beat": _Action(
        ("beat",), "none: a restarted beat goes on where Redis has its last times"
    ),
    "restore_log_format": _Action(("{service}",), "restart it with LOG_FORMAT=console", _SERVICE),
    "restore_sentry_dsn": _Action(
        ("{service}",), "restart it with the SENTRY_DSN before", _SERVICE
    ),
    "rotate_secret": _Action(
        ("{variable}", "{owner}"),
        "none: a revoked key stays revoked",
        {"variable": "API_KEYS", "owner": r"[a-z0-9][a-z0-9_-]*"},
        _ROTATE,
    ),
    "roll_back": _Action(
        ("{service}",), "start the release that was rolled back, once it is mended", _SERVICE
    ),
}


def write_actions(folder: Path) -> Path:
    """Write the file of a stack's actions; return its path.

    Args:
        folder: the stack's folder.
    """
    root, stack = folder.parents[1], folder.name
    own = (str(root), stack)
    path = folder / NAME
    tables = (_table(name, action, own) for name, action in _ACTIONS.items())
    path.write_text("\n".join(tables), encoding="utf-8")
    return path


def _table(name: str, action: _Action, own: Sequence[str]) -> str:
    """Return the TOML table of an action; JSON's strings, arrays and numbers are TOML's, too."""
    command = [sys.executable, "-P", "-m", action.program, *own, *action.words]
    entry = {"command": command, "undo": action.undo, "deadline_s": DEADLINE_S}
    lines = [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())]
    if action.parameters:
        lines.append(f"[{name}.parameters]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in action.parameters.items()]
    return "\n".join(lines) + "\n"
