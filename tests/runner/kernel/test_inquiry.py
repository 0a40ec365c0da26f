"""Inquiries between cells: no effect on the cells, and an error for a missing answer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError

from securenet_obs.runner.kernel.faults import FAULTS
from securenet_obs.runner.kernel.inquiry import ask_faults, ask_values
from securenet_obs.runner.kernel.launch import RunKernelClient, RunKernelManager, RunKernelSpecs
from securenet_obs.runner.kernel.messages import VALUES

Ask = Callable[[RunKernelClient, RunKernelManager], Awaitable[Any]]


@pytest.fixture
def with_kernel(tmp_path: Path, server: str) -> Callable[[Ask], Any]:
    """Return a function that runs an inquiry against a new kernel."""

    async def run(ask: Ask) -> Any:
        manager = RunKernelManager(
            kernel_name="python3",
            kernel_spec_manager=RunKernelSpecs(warm=server),
            transport="ipc",
            connection_file=str(tmp_path / "kernel.json"),
        )
        await manager.start_kernel(cwd=str(tmp_path))
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        try:
            return await ask(client, manager)
        finally:
            await manager.shutdown_kernel(now=True)
            client.stop_channels()

    return lambda ask: asyncio.run(run(ask))


async def cell(client: RunKernelClient, text: str) -> dict[str, Any]:
    """Execute a cell; return the content of its reply."""
    number = client.execute(text)
    while True:
        reply = await client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == number:
            return dict(reply["content"])


def test_an_inquiry_does_not_count_as_a_cell(with_kernel: Callable[[Ask], Any]) -> None:
    """An inquiry changes neither the numbers nor the history of the cells."""

    async def ask(client: RunKernelClient, manager: RunKernelManager) -> None:
        before = await cell(client, "n = 5")
        values = await ask_values(client, ["n", "absent"], 20)
        faults = await ask_faults(client, 20)
        after = await cell(client, "assert (len(In), _i) == (3, 'n = 5'), (In, _i)")
        assert values[VALUES] == {"n": "int 5", "absent": "no value"}
        assert faults[FAULTS] == []
        assert after["status"] == "ok", after
        assert after["execution_count"] == before["execution_count"] + 1

    with_kernel(ask)


def test_a_busy_kernel_is_waited_for_until_the_deadline(
    with_kernel: Callable[[Ask], Any],
) -> None:
    """The wait for a busy kernel ends with a TimeoutError at the deadline."""

    async def ask(client: RunKernelClient, manager: RunKernelManager) -> None:
        client.execute("import time; time.sleep(30)")
        with pytest.raises(TimeoutError):
            await ask_values(client, ["n"], 0.7)

    with_kernel(ask)


def test_a_kernel_that_is_gone_does_not_answer(with_kernel: Callable[[Ask], Any]) -> None:
    """A dead kernel is an error long before the deadline."""

    async def ask(client: RunKernelClient, manager: RunKernelManager) -> None:
        await manager.shutdown_kernel(now=True)
        with pytest.raises(DeadKernelError):
            await ask_values(client, ["n"], 20)

    with_kernel(ask)
