"""Selection of the tests that need real parts (Redis, a worker, a kernel): the mark `stack`.

A test needs them if one of its fixtures, or of their fixtures, is in `FIXTURES`, or if it has the
mark itself, because it starts a part in its own way. With `-m "not stack"` a guard fails a test
that starts one, so that the other tests run anywhere.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

import pytest

FIXTURES = frozenset({"redis_server", "stack", "stack_cache", "warm"})
"""The fixtures of tests/conftest.py that start real parts or support them."""

SERVERS = frozenset({"redis-server", "valkey-server", "gunicorn", "postgres", "pgbouncer"})
MODULES = frozenset(
    {"uvicorn", "papermill", "ipykernel_launcher", "jupyter", "nbval"}
    | {f"securenet_obs.runner.{name}" for name in ("child.main", "kernel.main", "kernel.warm")}
)
COMMANDS = {"celery": frozenset({"worker", "beat"})}
"""Module -> those of its commands that start parts."""


class UnmarkedError(Exception):
    """A test without the mark `stack` starts a real part."""


class PartGuard:
    """An audit hook that refuses to start real parts while it is active."""

    def __init__(self) -> None:
        self.test = ""
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.test and event == "subprocess.Popen" and (part := part_of(arguments[1])):
            raise UnmarkedError(f"{self.test} starts {part}: mark it with pytest.mark.stack")


def part_of(command: Sequence[str | bytes | os.PathLike[str]] | str | bytes) -> str:
    """Return the real part that a command line starts; empty if it starts none."""
    words = [command] if isinstance(command, str | bytes) else list(command)
    rest = [os.fsdecode(word) for word in words]
    # The program is not always the first word: a part of a stack is launched through its guard.
    if servers := [word for word in rest if PurePath(word).name in SERVERS]:
        return PurePath(servers[0]).name
    module = rest[rest.index("-m") + 1] if "-m" in rest[:-1] else ""
    if module in MODULES:
        return module
    return f"{module} {started[0]}" if (started := _commands(module, rest)) else ""


def _commands(module: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word in COMMANDS.get(module, ())]


def mark_stack(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that get real parts from a fixture."""
    for item in items:
        if not FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.stack)
