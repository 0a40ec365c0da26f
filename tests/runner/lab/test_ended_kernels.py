"""A kernel that restarts or dies while a cell runs leaves its notebook usable."""

import os
import re
import signal

import httpx
import pytest

from tests.runner.lab.kernel import Kernel
from tests.waiting import eventually

pytestmark = pytest.mark.stack


RUNNING = "import os, time; print(f'<{os.getpid()}>', flush=True); time.sleep(600)"


@pytest.mark.slow
@pytest.mark.parametrize("end", ["restart", "death"])
def test_later_cells_run_in_the_kernel_that_follows(client: httpx.Client, end: str) -> None:
    """The cell that ran, and the one that waited for it, have no result."""
    kernel = Kernel(client)
    running, waiting = kernel.execute(RUNNING), kernel.execute("2")
    found = eventually(lambda: re.search(r"<(\d+)>", kernel.read(running)["outputs"]), 60)
    assert found
    if end == "restart":
        client.post(f"{kernel.path}/restart").raise_for_status()
    else:
        os.kill(int(found[1]), signal.SIGKILL)
    assert [kernel.wait_for(cell).get("status") for cell in (running, waiting)] == [None, None]
    result = kernel.wait_for(kernel.execute("3"))
    assert result.get("status") == "ok", result
