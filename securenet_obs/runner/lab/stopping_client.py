"""Client of a kernel in JupyterLab's server: the cells that follow a failed one do not run.

*Run All* sends each cell once the server has accepted the one above it. jupyter-server-nbmodel
0.2.9 drops the cells that wait when one fails; those that are sent afterwards would run.
"""

import math
import time
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

NAME = f"{__name__}.StoppingClient"
"""Name by which the server's kernels find the class."""

PAUSE_S = 1.0
"""Seconds without a cell after which the cells of a failed run have all been sent."""

NOT_RUN = f"This cell did not run: one before it failed. It runs {PAUSE_S:g} s later.\n"
"""Output of a cell that was refused."""


class StoppingClient(AsyncKernelClient):
    """A client that refuses cells after a failed one, until none was sent for `pause_s`.

    Upstream: datalayer/jupyter-server-nbmodel#51, merged, drops only the cells that wait; no issue
    on later ones known (searched 2026-11-27). Can go when a page that runs all cells stops itself.
    """

    pause_s = PAUSE_S
    _stopped_at = -math.inf

    async def execute_interactive(self, code: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Execute a cell, or refuse it: its reply is `aborted` then, as that of a kernel."""
        if time.monotonic() - self._stopped_at < self.pause_s:
            self._stopped_at = time.monotonic()
            text = {"name": "stderr", "text": NOT_RUN}
            options["output_hook"]({"header": {"msg_type": "stream"}, "content": text})
            return {"content": {"status": "aborted"}}
        reply: dict[str, Any] = await super().execute_interactive(code, *args, **options)
        if reply["content"]["status"] == "error":
            self._stopped_at = time.monotonic()
        return reply
