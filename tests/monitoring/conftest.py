"""Fixtures that run code in a process of its own and return its output and its events."""

import json
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder, recording_sentry
from tests.forked_python import ForkedPython


@dataclass(frozen=True)
class Finished:
    """Output of a finished process: its stdout lines, parsed as JSON, and its stderr."""

    stdout: str
    stderr: str
    code: int

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return every line, parsed."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def line(self, event: str) -> dict[str, Any]:
        """Return the only line of an event."""
        (line,) = [line for line in self.lines if line["event"] == event]
        return line


Run = Callable[..., Finished]


@pytest.fixture
def run(python: ForkedPython) -> Run:
    """Return a function that runs Python code in a process of its own."""

    def run(code: str, **environment: str) -> Finished:
        variables = {**os.environ, "ENVIRONMENT": "test", **environment}
        finished = python.run(["-c", textwrap.dedent(code)], env=variables)
        return Finished(finished.stdout, finished.stderr, finished.returncode)

    return run


@pytest.fixture
def sentry() -> Iterator[SentryRecorder]:
    """Yield a recording Sentry."""
    with recording_sentry() as recorder:
        yield recorder
