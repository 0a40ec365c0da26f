"""Faults: broken parts of the real stack, and the checks that must fail for each."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.stack import LocalStack

Run = Callable[..., Any]

FAULTY = Path(__file__).with_name("faulty.py")


@dataclass(frozen=True)
class Fault:
    """A broken part, the notebook to run, and the checks that must be red.

    Checks in `may_be_red` may be red or not reached.
    """

    notebook: str
    part: str
    red: set[str]
    may_be_red: set[str] = field(default_factory=set)
    faults: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ()
    stopped: bool = False
    parameters: Sequence[str] = ("deadline_s=20",)


def by_part(faults: Mapping[str, Fault]) -> list[Any]:
    """Return the faults as a test's parameters, grouped by part."""
    ordered = sorted(faults.items(), key=lambda item: item[1].part)
    return [pytest.param(fault, id=name) for name, fault in ordered]


class BrokenPart:
    """The stack's currently broken part, if any; a new fault replaces the previous one.

    A part is repaired only before another is broken, or for a test without a fault: starting the
    whole part between two of its faults would prove nothing, and takes as long as the notebook.
    """

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._commands = {name: list(part.command) for name, part in stack.parts.items()}
        self._part = ""
        self._sizes: dict[Path, int] = {}

    def inject(self, fault: Fault) -> None:
        """Break the fault's part; a fault without a part consists of wrong parameters."""
        if fault.part != self._part:
            self.repair()
        if not fault.part:
            return
        if not self._part:
            self._part, self._sizes = fault.part, read_log_sizes(self._stack)
        self._stop()
        if not fault.stopped:
            command = list(fault.command)
            if fault.faults:
                module = self._commands[fault.part][2:]
                command = [sys.executable, str(FAULTY), fault.faults, *module]
            self._stack.start_part(fault.part, fault.environment, command or None)

    def repair(self) -> None:
        """Restart the part without the fault, and delete the output of the broken one."""
        if self._part:
            self._stop()
            self._stack.start_part(self._part)
            self._part = ""

    def _stop(self) -> None:
        self._stack.stop_part(self._part)
        truncate(self._sizes)
        forget_endless_results(self._stack)


def expect_red(fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run) -> None:
    """Run the fault's notebook while its part is broken; exactly its checks must be red."""
    logs = stack.environment["LOG_SOURCE"]
    given = [text.format(logs=logs) for text in fault.parameters]
    broken.inject(fault)
    done = run_notebook(fault.notebook, *given)
    assert done.verdict == Verdict.FAILED
    assert done.red - fault.may_be_red == fault.red


def read_log_sizes(stack: LocalStack) -> dict[Path, int]:
    """Return the size of each part's log."""
    logs = sorted(Path(stack.environment["LOG_SOURCE"]).glob("*.log"))
    return {log: log.stat().st_size for log in logs}


def truncate(sizes: Mapping[Path, int]) -> None:
    """Remove a broken part's output from the logs, so that later tests do not read it."""
    for log, size in sizes.items():
        with log.open("r+b") as file:
            file.truncate(size)


@contextmanager
def fresh_logs(stack: LocalStack) -> Iterator[None]:
    """Remove the log lines of a block at its end."""
    sizes = read_log_sizes(stack)
    try:
        yield
    finally:
        truncate(sizes)


def forget_endless_results(stack: LocalStack) -> None:
    """Delete results without a TTL from a broken worker, so that later tests do not find them."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        for key in client.scan_iter("celery-task-meta-*"):
            if client.ttl(key) == -1:
                client.delete(key)
