"""A part of the stack: starts, awaits and ends one process and its group, with its log file."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from securenet_obs.errors import PartNotReadyError
from securenet_obs.processes.groups import kill_group, read_start_time
from securenet_obs.processes.guard import Guard
from securenet_obs.redaction import redact_text

START_S = 60.0
"""Seconds in which a part must become ready."""

STOP_S = 8.0
"""Seconds in which a part may end gracefully before its group is killed."""

TAIL_LINES = 20
"""Number of log lines in the report of a part's failure."""

INHERITED = frozenset(
    {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "SHELL"}
    | {"TMPDIR", "TZ", "USER"}
)
"""Variables that a part inherits from the user's environment; all others are its target's."""


class Part:
    """One process of the stack, which can be started and stopped repeatedly.

    Args:
        name: name of the part.
        command: the program and its arguments.
        folder: working folder; created if it is missing.
        log: file to which its output is appended.
        environment: variables in addition to `INHERITED`.
        ready: readiness check, given the unix time of the launch; False means "not yet", and it
            never raises.
        address: address to display.
        guard: ends the process when we cannot.
        python: interpreter of its programs, in place of ours.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        ready: Callable[[float], bool],
        address: str,
        guard: Guard,
        python: str = sys.executable,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = name
        self.command = list(command)
        self.folder = folder
        self.log = log
        self.environment = dict(environment)
        self.address = address
        self.pid = 0
        self.start_time: str | None = None
        self.since = 0.0
        self._ready = ready
        self._guard = guard
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None

    def copy_with(self, environment: Mapping[str, str], command: Sequence[str] | None) -> "Part":
        """Return a copy with additional variables or another command, not yet started."""
        return Part(
            self.name,
            command or self.command,
            folder=self.folder,
            log=self.log,
            environment={**self.environment, **environment},
            ready=self._ready,
            address=self.address,
            guard=self._guard,
            python=self._python,
        )

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self.since = time.time()
        program, *arguments = self.command
        if program == sys.executable:
            program = self._python
        with self.log.open("ab") as log:
            self._process = self._guard.launch(
                self.name,
                [program, *arguments],
                folder=self.folder,
                environment=self.build_environment(),
                output=log,
            )
        self.pid = self._process.pid
        self.start_time = read_start_time(self.pid)

    def start(self) -> Self:
        """Start the process and wait until it is ready.

        Raises:
            PartNotReadyError: it ended, or was not ready in time; it is stopped then.
        """
        self.launch()
        wait_until_ready([self])
        return self

    def stop(self) -> None:
        """End the process gracefully, then kill the rest of its group.

        The exit code is not checked: the end was requested, and the log shows how it came about.
        """
        if self._process is None:
            return
        # The leader alone: a signal would kill a worker's children during their tasks.
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        kill_group(self._process.pid)
        self._process.wait()
        self._guard.deregister(self._process.pid)
        self._process = None

    def __enter__(self) -> Self:
        """Start the part."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the part."""
        self.stop()

    def is_running(self) -> bool:
        """Return whether the process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code of a process that ended by itself; None while it runs, and after `stop`."""
        return None if self._process is None else self._process.poll()

    def poll_ready(self) -> bool:
        """Return whether the part is ready.

        Raises:
            PartNotReadyError: it ended, or was not ready in time; it is stopped then.
        """
        is_ready = self._ready(self.since)
        if not self.is_running():
            raise self._make_not_ready_error(f"ended with exit code {self.exit_code}")
        if not is_ready and time.time() > self.since + START_S:
            raise self._make_not_ready_error(f"was not ready within {START_S:g} s")
        return is_ready

    def build_environment(self) -> dict[str, str]:
        """Return the complete environment of the process; no other variable of ours leaks in."""
        # Coverage's own variables let a part be measured like the tests that started it.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name in INHERITED or name.startswith("COVERAGE_")
        }
        return {**inherited, **self.environment}

    def _make_not_ready_error(self, what: str) -> PartNotReadyError:
        self.stop()
        lines = tail(self.log, TAIL_LINES)
        excerpt = "\n".join(f"  {line}" for line in lines) or "  (nothing)"
        return PartNotReadyError(f"{self.name} {what}; the end of {self.log}:\n{excerpt}")


def wait_until_ready(parts: Iterable[Part], interval_s: float = 0.05) -> None:
    """Wait until every part is ready.

    Raises:
        PartNotReadyError: the first part that ended, or was not ready in time.
    """
    waiting = list(parts)
    while waiting := [part for part in waiting if not part.poll_ready()]:
        time.sleep(interval_s)


def tail(log: Path, count: int) -> list[str]:
    """Return the last lines of a log, with secrets masked."""
    longest = 64 * 1024
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - longest))
        text = file.read().decode(errors="replace")
    return redact_text(text).splitlines()[-count:]
