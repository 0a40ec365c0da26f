"""Starts a second process that gathers a range of an open file; receives its result, or ends it."""

import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import securenet_obs
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.ranges.packing import HEAD, unpack
from securenet_obs.probes.logs.records.gathering import GatheredRange

_PROGRAM = """
import sys
sys.path += sys.argv.pop().splitlines()
from securenet_obs.probes.logs.ranges.child import main
main()
"""


class RangeProcess:
    """A process that gathers a range."""

    def __init__(self, descriptor: int, part: ByteRange) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        self._mark = secrets.token_hex(8)
        self._began = time.monotonic()
        # The start of Python without site-packages and its `.pth` files takes half the time.
        command = [sys.executable or "", "-I", "-S", "-c", _PROGRAM]
        self._process = subprocess.Popen(  # noqa: S603
            [*command, str(part.start), str(part.end), self._mark, "\n".join(_list_paths())],
            stdin=descriptor,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def take(self) -> GatheredRange | None:
        """Return the range; None if the process fails, or takes twice the time since its start.

        In that time this process could have read the range itself.
        """
        now = time.monotonic()
        self._deadline = now + (now - self._began)
        try:
            return unpack(self._receive())
        except (EOFError, OSError, TypeError, ValueError):
            return None

    def _receive(self) -> Iterator[bytearray]:
        while True:
            mark, size = HEAD.unpack(self._read(HEAD.size))
            if mark != self._mark.encode():
                raise ValueError("this piece is not from the second process")
            yield self._read(size)

    def _read(self, size: int) -> bytearray:
        output = self._process.stdout
        assert output is not None
        piece = bytearray(size)
        rest = memoryview(piece)
        ready = select.poll()
        ready.register(output, select.POLLIN)
        while rest:
            if not ready.poll(max(0.0, self._deadline - time.monotonic()) * 1000):
                raise TimeoutError
            count = os.readv(output.fileno(), [rest])
            if not count:
                raise EOFError
            rest = rest[count:]
        return piece

    def end(self) -> None:
        """Kill the process if it still runs."""
        with self._process:
            self._process.kill()


def _list_paths() -> list[str]:
    return [str(Path(securenet_obs.__file__).parents[1]), *filter(None, sys.path)]
