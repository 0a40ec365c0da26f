"""Kernel of a run: the modules that it loads, its shutdown and its exit handlers."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from securenet_obs.runner.command import Outcome
from securenet_obs.runner.kernel.launch import RunKernelManager, RunKernelSpecs
from tests.busy import room_for

LOADED = """
import sys
from securenet_obs.runner.kernel import main
print("pydevd" in sys.modules, "ipykernel.debugger" in sys.modules)
import debugpy
print(bool(debugpy.__version__))
"""


def test_the_debugger_is_not_loaded_and_not_lost() -> None:
    """The debugger, half of a kernel's start time, is loaded only if a notebook imports it."""
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]


def test_a_stop_request_ends_the_kernel(tmp_path: Path, server: str) -> None:
    """Ten kernels stop at once: none waits for its own closed output channel."""

    async def start_and_stop(number: int) -> float:
        manager = RunKernelManager(
            kernel_name="python3",
            kernel_spec_manager=RunKernelSpecs(warm=server),
            transport="ipc",
            connection_file=str(tmp_path / f"{number}.json"),
        )
        await manager.start_kernel(cwd=str(tmp_path))
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        await client.kernel_info(reply=True, timeout=30)
        started = time.monotonic()
        await manager.shutdown_kernel()
        client.stop_channels()
        return time.monotonic() - started

    async def ten() -> list[float]:
        return [await start_and_stop(number) for number in range(10)]

    assert max(asyncio.run(ten())) < room_for(0.6)


def test_exit_handlers_of_a_notebook_run(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The kernel exits without cleanup, but runs exit handlers, warm or cold."""
    for cold in (False, True):
        flag = tmp_path / f"flag-{cold}"
        cell = f"import atexit, pathlib; atexit.register(pathlib.Path({str(flag)!r}).touch)"
        assert str(execute(write_notebook(cell), plain=True, cold=cold).verdict) == "passed"
        assert flag.exists()
