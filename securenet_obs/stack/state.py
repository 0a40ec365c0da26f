"""State of local stacks: folders, files, command text, status; takes them down, clears crashes."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.processes.groups import end_groups, read_start_time
from securenet_obs.processes.polling import poll_until
from securenet_obs.stack.parts.readiness import READINESS_CHECKS
from securenet_obs.stack.state_files import lock_state_file

DEFAULT_NAME = "local"
"""Default name of a stack."""

DOWN_S = 45.0
"""Seconds that a stack's owner has to take it down before the owner is killed."""

_ANSWER_S = 1.0
"""Seconds in which a running part is asked again: a worker that has just started has 0.2 s each."""

_STACKS = "stacks"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True)
class ProcessState:
    """A process that was started, identified by its pid together with its start time."""

    pid: int
    start_time: str | None

    def is_running(self) -> bool:
        """Return whether this very process is still running."""
        return self.start_time is not None and read_start_time(self.pid) == self.start_time


@dataclass(frozen=True)
class PartState(ProcessState):
    """A part as last started: time of launch (unix seconds), address and log file."""

    since: float
    address: str
    log: str


@dataclass(frozen=True)
class StackState:
    """A stack: its owner process, its target's variables, its dashboard's login, its parts."""

    name: str
    owner: ProcessState
    ephemeral: bool
    environment: Mapping[str, str]
    dashboard: tuple[str, str, str]
    parts: Mapping[str, PartState]

    def describe_dashboard(self) -> str:
        """Return address and login of the dashboard of errors, in words."""
        return describe_dashboard(self.dashboard)


@dataclass(frozen=True)
class PartStatus:
    """One row of `securenet-obs status`; `uptime_s` is None for a part that is not running."""

    part: str
    pid: int
    running: bool
    ready: bool
    address: str
    uptime_s: float | None
    log: str

    def to_row(self) -> dict[str, str]:
        """Return a short form for display."""
        state = "ready" if self.ready else "not ready" if self.running else "not running"
        return {
            "part": self.part,
            "state": state,
            "for": "" if self.uptime_s is None else f"{self.uptime_s:.0f} s",
            "address": self.address,
            "log": os.path.relpath(self.log),
        }


def describe_dashboard(dashboard: tuple[str, str, str]) -> str:
    """Return address, e-mail and password of a dashboard in words."""
    address, email, password = dashboard
    return f"{address} (login {email}, password {password})"


def format_stack_command(verb: str, name: str) -> str:
    """Return the `securenet-obs` command line for a verb and the stack of this name."""
    return f"securenet-obs {verb}" + ("" if name == DEFAULT_NAME else f" --name {name}")


def locate_stack_folder(name: str, root: Path) -> Path:
    """Return the folder of a stack's files.

    Raises:
        StackError: the name is not valid.
    """
    if not _NAME.fullmatch(name):
        raise StackError(
            f"{name!r} is not a valid stack name; use up to 50 of a-z, 0-9, - and _, "
            "starting with a letter or a digit."
        )
    return root.resolve() / _STACKS / name


def locate_lock_file(folder: Path) -> Path:
    """Return the file that the owner of a stack keeps locked for as long as it lives."""
    return folder / "lock"


def write_state(folder: Path, state: StackState) -> None:
    """Write a stack's state atomically, readable by its user only."""
    data = json.dumps(asdict(state), indent=2).encode()
    replace_file(folder / "stack.json", data, mode=0o600, to_disk=False)


def read_state(folder: Path) -> StackState | None:
    """Return the written state of a stack, None if it is missing.

    Raises:
        StackError: the file cannot be parsed.
    """
    path = folder / "stack.json"
    try:
        read = json.loads(path.read_text())
        return StackState(
            **read
            | {
                "owner": ProcessState(**read["owner"]),
                "dashboard": tuple(read["dashboard"]),
                "parts": {name: PartState(**part) for name, part in read["parts"].items()},
            }
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise StackError(f"{path} cannot be parsed ({error}); remove {folder}.") from error


def remove_state(folder: Path) -> None:
    """Remove the written state of a stack that was stopped."""
    (folder / "stack.json").unlink(missing_ok=True)


def clear_stale_stack(folder: Path) -> None:
    """End the remaining parts of an owner that is gone; the caller must hold the stack's lock."""
    state = read_state(folder)
    if state is None:
        return
    end_groups({part.pid: part.start_time for part in state.parts.values() if part.is_running()})
    remove_state(folder)
    if state.ephemeral:
        shutil.rmtree(folder, ignore_errors=True)


def find_running_stack(name: str = DEFAULT_NAME, root: Path | None = None) -> StackState | None:
    """Return the state of a running stack, or None; the remains of a crashed one are cleared.

    Raises:
        StackError: the name is not valid.
    """
    folder = locate_stack_folder(name, root or default_root())
    if not folder.is_dir():
        return None
    with lock_state_file(locate_lock_file(folder), wait_s=0) as free:
        if free:
            clear_stale_stack(folder)
            return None
    return read_state(folder)


def find_stack_of(environment: Mapping[str, str]) -> StackState | None:
    """Return the running stack whose variables these are, in any folder; None for others."""
    folder = Path(environment.get("LOG_SOURCE", "")).parent
    if folder.parent.name != _STACKS or not _NAME.fullmatch(folder.name):
        return None
    state = find_running_stack(folder.name, folder.parents[1])
    is_same = state is not None and state.environment.get("API_URL") == environment.get("API_URL")
    return state if is_same else None


def find_running_stacks(root: Path | None = None) -> list[StackState]:
    """Return every running stack of a project."""
    folders = sorted((root or default_root()).glob(f"{_STACKS}/*/"))
    states = (
        find_running_stack(folder.name, root) for folder in folders if _NAME.fullmatch(folder.name)
    )
    return [state for state in states if state is not None]


def read_status(name: str = DEFAULT_NAME, root: Path | None = None) -> list[PartStatus]:
    """Check each part of a stack and return its status; empty if the stack is not running."""
    state = find_running_stack(name, root)
    return [] if state is None else [_read_part_status(state, part) for part in state.parts]


def take_down(name: str = DEFAULT_NAME, root: Path | None = None) -> StackState | None:
    """Take a stack down and wait for it; return its last state, None if it was not running.

    Raises:
        StackError: its owner could not be ended.
    """
    state = find_running_stack(name, root)
    if state is None:
        return None
    folder = locate_stack_folder(name, root or default_root())
    for number, wait_s in ((signal.SIGTERM, DOWN_S), (signal.SIGKILL, 5.0)):
        if state.owner.is_running():
            os.kill(state.owner.pid, number)
        with lock_state_file(locate_lock_file(folder), wait_s=wait_s) as free:
            if free:
                clear_stale_stack(folder)
                return state
    raise StackError(f"Process {state.owner.pid}, the owner of the stack {name!r}, does not end.")


def default_root(project: Path | None = None) -> Path:
    """Return the folder of all local state, `.securenet` in a project or the working directory."""
    return (project or Path.cwd()) / ".securenet"


def _read_part_status(state: StackState, name: str) -> PartStatus:
    part = state.parts[name]
    running = part.is_running()

    def is_ready() -> bool:
        return READINESS_CHECKS[name](state.environment, part.since)

    return PartStatus(
        part=name,
        pid=part.pid,
        running=running,
        ready=running and poll_until(is_ready, deadline_s=_ANSWER_S, interval_s=0.05),
        address=part.address,
        uptime_s=time.time() - part.since if running else None,
        log=part.log,
    )
