"""What the tests of processes share: who of a group is alive, and patience."""

import subprocess
import time
from collections.abc import Callable

import pytest

Living = Callable[[int], list[str]]
Eventually = Callable[..., bool]


@pytest.fixture(scope="session")
def living() -> Living:
    """Return a function that lists the command lines of a process group's living members."""

    def ask(group: int) -> list[str]:
        listed = subprocess.run(
            ["ps", "-A", "-o", "pgid=,state=,args="], capture_output=True, text=True, check=True
        )
        rows = (line.split(None, 2) for line in listed.stdout.splitlines())
        return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]

    return ask


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Return a function that waits until something holds, and says whether it came to."""

    def wait(holds: Callable[[], bool], within_s: float = 30.0) -> bool:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.05)
        return holds()

    return wait
