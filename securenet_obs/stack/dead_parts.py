"""Finds and watches for dead parts of a running stack; names the command that restarts each."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.stack.parts.services import SERVICES
from securenet_obs.stack.state import StackState, find_running_stacks, format_stack_command

RESTARTABLE = (*SERVICES, "oncall", "worker-validation")
"""Parts that can be restarted alone; the others hold the target's data and ports."""

WATCH_S = 1.0
"""Seconds between two looks of a watch."""


def format_remedy(part: str, stack: str) -> str:
    """Return a sentence with the command that brings a dead part back."""
    if part in RESTARTABLE:
        return f"Restart it with `{format_stack_command(f'restart {part}', stack)}`."
    down, up = (format_stack_command(verb, stack) for verb in ("down", "up"))
    return f"Start the stack anew with `{down}` and `{up}`."


def find_dead_parts(state: StackState) -> dict[str, str]:
    """Return for each part of a stack that does not run a sentence: its log, and the remedy."""
    return {
        name: f"{name} is not running; see {part.log}. {format_remedy(name, state.name)}"
        for name, part in state.parts.items()
        if not part.is_running()
    }


@contextmanager
def watch_parts(
    environment: Mapping[str, str], report: Callable[[str], None], root: Path | None = None
) -> Iterator[None]:
    """Report each part that dies during the block, once, if a local stack serves the target.

    Args:
        environment: the target's variables.
        report: receives a sentence for each dead part.
        root: folder of all local state, `.securenet` in the working directory by default.
    """
    over = threading.Event()

    def watch() -> None:
        known: set[str] = set()
        while not over.wait(WATCH_S):
            dead = _find_dead_parts_of(environment, root)
            for name in dead.keys() - known:
                report(dead[name])
            known = set(dead)

    watcher = threading.Thread(target=watch, name="parts", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _find_dead_parts_of(environment: Mapping[str, str], root: Path | None) -> dict[str, str]:
    for state in find_running_stacks(root):
        if state.environment.get("API_URL") == environment.get("API_URL"):
            return find_dead_parts(state)
    return {}
