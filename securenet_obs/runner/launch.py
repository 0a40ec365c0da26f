"""How a run's kernel is started and ended: by the interpreter that runs us, and without waits."""

import sys
import time
from contextlib import suppress
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError

KERNEL = "securenet_obs.runner.kernel"

WARM = "securenet-obs-warm"
"""Name of the provisioner's entry point."""

ALIVE_S = 0.1
"""Seconds between two looks whether a starting kernel has ended."""

RECONNECT_MS = 5
"""Milliseconds after which a socket is connected to again."""

LOOK_S = 0.005
"""Seconds between two looks whether a kernel has ended."""


class RunKernelSpecs(KernelSpecManager):
    """Knows one kernel, under any name: `securenet_obs.runner.kernel` of this interpreter."""

    def __init__(self, warm: str = "", **options: Any) -> None:
        super().__init__(**options)
        config = {"provisioner_name": WARM, "config": {"socket": warm}}
        self._provisioner = config if warm else {"provisioner_name": "local-provisioner"}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the one kernel."""
        return KernelSpec(
            # -P: a file in the working folder must not shadow what the kernel itself imports.
            argv=[sys.executable, "-P", "-m", KERNEL, "-f", "{connection_file}"],
            display_name="securenet-obs",
            language="python",
            metadata={"kernel_provisioner": self._provisioner},
        )


class RunKernelClient(AsyncKernelClient):
    """A client that knows its kernel is ready by hearing from it on the output channel."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # A kernel's sockets are not there yet when they are first connected to.
        self.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until anything came by the channel that outputs come by.

        ipykernel welcomes every subscriber, and requests wait for it in their own channel: from
        here on nothing is lost. jupyter_client's own way asks, and listens to 0.2 s of silence.

        Raises:
            DeadKernelError: the kernel ended.
            TimeoutError: it was not heard of in time.
        """
        until = time.monotonic() + (timeout or 60)
        while time.monotonic() < until:
            with suppress(Empty):
                await self.get_iopub_msg(timeout=ALIVE_S)
                return
            if not await self.is_alive():
                raise DeadKernelError("the kernel ended before it was heard of")
        raise TimeoutError(f"the kernel was not heard of in {timeout:g} s")


class RunKernelManager(AsyncKernelManager):
    """A kernel manager that notices at once when its kernel has ended."""

    client_class = "securenet_obs.runner.launch.RunKernelClient"
    client_factory = RunKernelClient

    async def _async_finish_shutdown(
        self,
        waittime: float | None = None,
        pollinterval: float = LOOK_S,
        restart: bool = False,
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)
