"""Subclasses of jupyter_client's kernel spec, client, manager for a run, without fixed waits."""

import sys
from contextlib import suppress
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError

from securenet_obs.processes.polling import Deadline

KERNEL = "securenet_obs.runner.kernel.main"

WARM = "securenet-obs-warm"
"""Name of the provisioner's entry point."""

ALIVE_S = 0.1
"""Seconds between checks whether a starting kernel has ended."""

RECONNECT_MS = 5
"""Milliseconds after which a socket reconnects."""

POLL_INTERVAL_S = 0.005
"""Seconds between checks whether a kernel has ended."""


class RunKernelSpecs(KernelSpecManager):
    """Provides one spec for any name: `securenet_obs.runner.kernel.main` with this interpreter.

    Upstream: a documented extension point. Can go when runs use an installed kernel spec.
    """

    def __init__(self, warm: str = "", **options: Any) -> None:
        super().__init__(**options)
        config = {"provisioner_name": WARM, "config": {"socket": warm}}
        self._provisioner = config if warm else {"provisioner_name": "local-provisioner"}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the spec of the run's kernel."""
        return KernelSpec(
            # -P: a file in the working folder must not shadow the kernel's own imports.
            argv=[sys.executable, "-P", "-m", KERNEL, "-f", "{connection_file}"],
            display_name="securenet-obs",
            language="python",
            metadata={"kernel_provisioner": self._provisioner},
        )


class RunKernelClient(AsyncKernelClient):
    """A client that takes the first message on the output channel as the sign of readiness.

    Upstream: jupyter/enhancement-proposals#65, merged, brought the welcome message. Can go when
    jupyter_client's `wait_for_ready` waits for that message.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # A kernel's sockets do not exist yet at the first attempt to connect.
        self.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the first message on the output channel.

        ipykernel sends a welcome to every subscriber, and requests are queued in their own
        channel, so nothing is lost from here on. jupyter_client's own method sends requests and
        waits for 0.2 s of silence.

        Raises:
            DeadKernelError: the kernel ended.
            TimeoutError: no message arrived in time.
        """
        deadline = Deadline.after(timeout or 60)
        while not deadline.has_passed:
            with suppress(Empty):
                await self.get_iopub_msg(timeout=ALIVE_S)
                return
            if not await self.is_alive():
                raise DeadKernelError("the kernel ended before it answered")
        raise TimeoutError(f"the kernel did not answer in {timeout:g} s")


class RunKernelManager(AsyncKernelManager):
    """A kernel manager that notices the end of its kernel at once.

    Upstream: no issue known (searched 2026-11-26). Can go when jupyter_client waits for the process
    instead of polling it every 0.1 s.
    """

    client_class = "securenet_obs.runner.kernel.launch.RunKernelClient"
    client_factory = RunKernelClient

    async def _async_finish_shutdown(
        self,
        waittime: float | None = None,
        pollinterval: float = POLL_INTERVAL_S,
        restart: bool = False,
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)
