"""What a fault is: a part of the real stack that is broken, and the checks that must see it."""

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
    """A part that is broken, the notebook that runs then, and its checks that must be red.

    `may_be_red` are those that a part so broken may or may not get round to.
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
    """Return the faults as a test's parameters, those of one part after one another."""
    ordered = sorted(faults.items(), key=lambda item: item[1].part)
    return [pytest.param(fault, id=name) for name, fault in ordered]


class BrokenPart:
    """The part of a stack that is broken now, if any; one fault takes the place of another.

    A part is repaired only once another is to be broken, or none: a start of the whole part between
    two faults of it would prove nothing, and takes as long as the notebook.
    """

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._commands = {name: list(part.command) for name, part in stack.parts.items()}
        self._part = ""
        self._sizes: dict[Path, int] = {}

    def put_in(self, fault: Fault) -> None:
        """Break the fault's part; without a part, it is the parameters that are wrong."""
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
        """Have the whole part run again, and nothing left of what the broken one wrote."""
        if self._part:
            self._stop()
            self._stack.start_part(self._part)
            self._part = ""

    def _stop(self) -> None:
        self._stack.stop_part(self._part)
        truncate(self._sizes)
        forget_endless_results(self._stack)


def expect_red(fault: Fault, stack: LocalStack, broken: BrokenPart, run_notebook: Run) -> None:
    """Run the fault's notebook while its part is broken; exactly its checks are red."""
    logs = stack.environment["LOG_SOURCE"]
    given = [text.format(logs=logs) for text in fault.parameters]
    broken.put_in(fault)
    done = run_notebook(fault.notebook, *given)
    assert done.verdict == Verdict.FAILED
    assert done.red - fault.may_be_red == fault.red


def read_log_sizes(stack: LocalStack) -> dict[Path, int]:
    """Return how long the log of each part is."""
    logs = sorted(Path(stack.environment["LOG_SOURCE"]).glob("*.log"))
    return {log: log.stat().st_size for log in logs}


def truncate(sizes: Mapping[Path, int]) -> None:
    """Keep what a broken part has written from those who look at the logs afterwards."""
    for log, size in sizes.items():
        with log.open("r+b") as file:
            file.truncate(size)


@contextmanager
def fresh_logs(stack: LocalStack) -> Iterator[None]:
    """Forget at the end of a block what was logged in it."""
    sizes = read_log_sizes(stack)
    try:
        yield
    finally:
        truncate(sizes)


def forget_endless_results(stack: LocalStack) -> None:
    """Delete the results that a broken worker has left for ever: others would find them."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        for key in client.scan_iter("celery-task-meta-*"):
            if client.ttl(key) == -1:
                client.delete(key)
