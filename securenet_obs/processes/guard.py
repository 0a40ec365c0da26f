"""Starts processes under a guard, which ends them and removes folders once the parent is gone."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from securenet_obs.processes import groups

# A process sends the guard its pid (also its group's id), then executes its program.
_LAUNCH = 'echo "+$$" >&0; exec "$@" </dev/null'


class Guard:
    """A process that outlives its parent just long enough to end the parent's remaining processes.

    A pipe leads from the parent to the guard, and every part writes its own pid into it before it
    executes its program: the guard knows each part before it can see the pipe's end, whenever the
    parent is killed.
    """

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self._pipe = os.fdopen(writing, "wb", buffering=0)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", groups.__file__, str(os.getpid())],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)

    @property
    def pid(self) -> int:
        """Pid of the guard."""
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
        """Start a process as leader of its own group, registered with the guard from the start."""
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
        """Run a command to its end, append its output to `log`, and return its exit code."""
        with log.open("ab") as output:
            process = self.launch(
                command[0], command, folder=folder, environment=environment, output=output
            )
        started = groups.read_start_time(process.pid)
        try:
            return process.wait()
        finally:
            groups.end_groups({process.pid: started})
            process.wait()
            self.deregister(process.pid)

    def deregister(self, pid: int) -> None:
        """Deregister a process that has ended: its pid may soon be reused."""
        self._send(f"-{pid}")

    def remove_at_end(self, folder: Path) -> None:
        """Have the guard remove this folder at its end."""
        self._send(f"remove {folder}")

    def cancel_removal(self) -> None:
        """Cancel the removal of all folders."""
        self._send("keep")

    def close(self) -> None:
        """Release the guard, and wait until it has ended the remaining processes."""
        self._pipe.close()
        self._process.wait()

    def __enter__(self) -> Self:
        """Return the guard, which has run since its construction."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the guard, and wait for its end."""
        self.close()

    def _send(self, line: str) -> None:
        if self._pipe.closed:
            return
        # The guard may have been killed; the parts can still be stopped.
        with suppress(BrokenPipeError):
            self._pipe.write(f"{line}\n".encode())
