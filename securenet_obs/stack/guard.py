"""The guard, seen from the parent: a process that ends the parts when the parent cannot."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from securenet_obs.stack import processes

# A process tells the guard its number (which is also its group's), then becomes its program.
_LAUNCH = 'echo "+$$" >&0; exec "$@" </dev/null'


class Guard:
    """Outlives its parent by as long as it takes to end what the parent left behind.

    A pipe leads from the parent to the guard, and every part writes its own number into it before
    it becomes its program: the guard cannot see the pipe's end before it knows each part, whenever
    the parent is killed.
    """

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self._pipe = os.fdopen(writing, "wb", buffering=0)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", processes.__file__, str(os.getpid())],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)

    @property
    def pid(self) -> int:
        """The guard's process number."""
        return self._process.pid

    def launch(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        output: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        """Start a process as the leader of its own group, known to the guard from the beginning."""
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _LAUNCH, name, *command],
            cwd=folder,
            env=dict(environment),
            stdin=self._pipe,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
    ) -> int:
        """Run a command to its end, its output added to `log`, and return its exit code."""
        with log.open("ab") as output:
            process = self.launch(
                command[0], command, folder=folder, environment=environment, output=output
            )
        started = processes.start_time(process.pid)
        try:
            return process.wait()
        finally:
            processes.end_groups({process.pid: started})
            process.wait()
            self.forget(process.pid)

    def forget(self, pid: int) -> None:
        """Take out a process that was ended: its number may soon be another's."""
        self._tell(f"-{pid}")

    def remove(self, folder: Path) -> None:
        """Have this folder removed in the end."""
        self._tell(f"remove {folder}")

    def keep(self) -> None:
        """Have no folder removed in the end."""
        self._tell("keep")

    def close(self) -> None:
        """Dismiss the guard, and wait until it has ended what was left."""
        self._pipe.close()
        self._process.wait()

    def __enter__(self) -> Self:
        """Return the guard, on duty since it was made."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Dismiss the guard."""
        self.close()

    def _tell(self, line: str) -> None:
        if self._pipe.closed:
            return
        # Somebody may have killed the guard; the parts can be stopped all the same.
        with suppress(BrokenPipeError):
            self._pipe.write(f"{line}\n".encode())
