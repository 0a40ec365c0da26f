"""Starting a kernel: its interpreter, and its readiness."""

import asyncio
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec
from nbclient.exceptions import DeadKernelError

from securenet_obs.runner.kernel.launch import RunKernelManager, RunKernelSpecs
from tests.busy import room_for


@pytest.mark.parametrize("name", ["python3", "an-old-env", "ir"])
def test_every_name_means_the_interpreter_that_runs_us(name: str) -> None:
    """The interpreter is the runner's own, whatever kernel a notebook names or a machine has."""
    spec = RunKernelSpecs().get_kernel_spec(name)
    assert spec.argv[0] == sys.executable
    assert "-P" in spec.argv
    assert spec.metadata["kernel_provisioner"] == {"provisioner_name": "local-provisioner"}


class Broken(RunKernelSpecs):
    """Kernel specs with a kernel that exits at its start."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the kernel's spec."""
        spec = super().get_kernel_spec(kernel_name)
        spec.argv = [sys.executable, "-c", "raise SystemExit(3)"]
        return spec


def manager(folder: Path, specs: RunKernelSpecs) -> RunKernelManager:
    file = str(folder / "kernel.json")
    return RunKernelManager(
        kernel_name="python3", kernel_spec_manager=specs, transport="ipc", connection_file=file
    )


def test_nothing_that_is_asked_of_a_ready_kernel_is_lost(tmp_path: Path, server: str) -> None:
    """The first request's outputs arrive, although no handshake came before it."""

    async def ask() -> list[str]:
        kernel = manager(tmp_path, RunKernelSpecs(warm=server))
        await kernel.start_kernel(cwd=str(tmp_path))
        client = kernel.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=30)
            client.execute("print('first')")
            texts = []
            while "first\n" not in texts:
                message = await client.get_iopub_msg(timeout=60)
                texts.append(message["content"].get("text", ""))
            return texts
        finally:
            client.stop_channels()
            await kernel.shutdown_kernel(now=True)

    assert asyncio.run(ask())[-1] == "first\n"


def test_a_kernel_that_ends_at_its_start_is_not_waited_for(tmp_path: Path) -> None:
    """The error comes at once, not at the deadline."""

    async def start() -> None:
        kernel = manager(tmp_path, Broken())
        await kernel.start_kernel(cwd=str(tmp_path))
        client = kernel.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
        finally:
            client.stop_channels()
            await kernel.cleanup_resources()

    started = time.monotonic()
    with pytest.raises(DeadKernelError, match="ended before"):
        asyncio.run(start())
    assert time.monotonic() - started < room_for(5)
