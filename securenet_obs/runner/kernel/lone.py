"""Servers of one run: one imports for its child, another for its kernel, while the command starts.

Buys: a lone run with `import pandas, celery, sentry_sdk, structlog` takes 0.61 of the time of
papermill's command line instead of 0.72: the imports of command, child and kernel overlap.
Without it: the child starts when the command has imported, the kernel when the child has.
Can go when papermill and ipykernel import in a tenth of a second.

A folder holds a socket for each module; it is given wherever a warm server's socket is. The server
of the child also makes the page: it imports nbconvert while the notebook runs.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from securenet_obs.processes.scratch import PREFIX, scratch_folder
from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.kernel.staying import staying_server
from securenet_obs.runner.kernel.warm import LIBRARIES, PAGES, available, has_room

CHILD = "securenet_obs.runner.child.main"
KERNEL = "securenet_obs.runner.kernel.main"
_ENGINE = "securenet_obs.runner.child.engine"


class LoneServers:
    """The servers of one run, in a folder; each forks one process of its module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        # nbconvert shares most of its imports with papermill.
        self._start(CHILD, _ENGINE, "--", PAGES)
        (self.folder / PAGES).symlink_to(CHILD)

    def start_kernel(self, document: Mapping[str, Any]) -> None:
        """Start the server of the kernel; it imports the libraries that the notebook imports."""
        self._start(KERNEL, *imported(document))

    def _start(self, module: str, *preloaded: str) -> None:
        command = [sys.executable, "-P", "-m", "securenet_obs.runner.kernel.warm"]
        process = subprocess.Popen(  # noqa: S603
            [*command, str(self.folder / module), module, *preloaded],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)

    def close(self) -> None:
        """End the servers at once, and with them the processes that wait for a request.

        A process of the run has ended with its connection. A server that is asked to end would
        first search all processes of the machine for its descendants.
        """
        for process in self._processes:
            process.kill()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


@contextmanager
def lone_servers() -> Iterator[LoneServers]:
    """Yield the servers of one run; they end with the block."""
    with scratch_folder("lone-") as folder, closing(LoneServers(folder)) as servers:
        yield servers


_IMPORT = re.compile(r"^\s*(?:import|from)\s+(.+)$", re.MULTILINE)


def imported(document: Mapping[str, Any]) -> list[str]:
    """Return the libraries of a warm server that a notebook's own import statements name."""
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    lines = " ".join(found for cell in cells for found in _IMPORT.findall(str(cell["source"])))
    words = set(re.findall(r"[\w.]+", lines))
    names = words | {word.partition(".")[0] for word in words}
    # Probes are tables of pandas.
    if "securenet_obs.probes" in words or "probes" in words:
        names.add("pandas")
    return [name for name in LIBRARIES if name.partition(".")[0] in names]


@contextmanager
def quick_servers(*, cold: bool) -> Iterator[Callable[[Mapping[str, Any]], str]]:
    """Yield a function that returns the servers of a lone run of a notebook; empty for none.

    They begin to import at once, before the notebook is read. A server that the environment names
    is used as it is.

    Args:
        cold: whether to use none.
    """
    has_addresses = has_room(f"{PREFIX}lone-12345678", max(CHILD, KERNEL, PAGES, key=len))
    if cold or not (available() and has_addresses) or os.environ.get(SOCKET):
        yield lambda _: ""
        return
    with staying_server() as socket:
        if socket:
            yield lambda _: socket
            return
        with lone_servers() as servers:

            def started(document: Mapping[str, Any]) -> str:
                servers.start_kernel(document)
                return str(servers.folder)

            yield started
