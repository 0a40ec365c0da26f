"""What a fault is: a part of the real stack that is broken, and the checks that must see it."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from securenet_obs.runner.verdict import Verdict
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

    @contextmanager
    def put_into(self, stack: LocalStack) -> Iterator[None]:
        """Break the part for a block; without a part, it is the parameters that are wrong."""
        if not self.part:
            yield
            return
        command = list(self.command)
        if self.faults:
            module = stack.parts[self.part].command[2:]
            command = [sys.executable, str(FAULTY), self.faults, *module]
        stack.stop_part(self.part)
        try:
            if not self.stopped:
                stack.start_part(self.part, self.environment, command or None)
            yield
        finally:
            stack.restart_part(self.part)
            forget_endless_results(stack)


def expect_red(fault: Fault, stack: LocalStack, run_notebook: Run) -> None:
    """Run the fault's notebook while its part is broken; exactly its checks are red."""
    logs = stack.environment["LOG_SOURCE"]
    given = [text.format(logs=logs) for text in fault.parameters]
    with fresh_logs(stack), fault.put_into(stack):
        done = run_notebook(fault.notebook, *given)
    assert done.verdict == Verdict.FAILED
    assert done.red - fault.may_be_red == fault.red


@contextmanager
def fresh_logs(stack: LocalStack) -> Iterator[None]:
    """Keep what a broken part writes from those who look at the logs afterwards."""
    logs = sorted(Path(stack.environment["LOG_SOURCE"]).glob("*.log"))
    sizes = {log: log.stat().st_size for log in logs}
    try:
        yield
    finally:
        for log, size in sizes.items():
            with log.open("r+b") as file:
                file.truncate(size)


def forget_endless_results(stack: LocalStack) -> None:
    """Delete the results that a broken worker has left for ever: others would find them."""
    with redis.Redis.from_url(stack.environment["RESULT_URL"]) as client:
        for key in client.scan_iter("celery-task-meta-*"):
            if client.ttl(key) == -1:
                client.delete(key)
