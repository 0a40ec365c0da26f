"""A jupyter_client kernel provisioner that forks kernels from a warm server.

papermill, nbclient and JupyterLab use it, too, if the environment names a server:

    python -m securenet_obs.runner.kernel.warm /run/user/1000/warm.socket &
    export SECURENET_OBS_WARM=/run/user/1000/warm.socket
    export JUPYTER_DEFAULT_PROVISIONER_NAME=securenet-obs-warm
    papermill in.ipynb out.ipynb
"""

import os
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

from securenet_obs.runner.kernel.forked import SOCKET, ForkedProcess
from securenet_obs.runner.kernel.launch import KERNEL, WARM


class WarmProvisioner(LocalProvisioner):
    """Forks a kernel from a warm server, and then manages it like a local kernel.

    Without a server, or for a kernel other than ipykernel, it starts the kernel as usual.

    Upstream: jupyter/jupyter_client#1031, open, and ipython/ipykernel#1261, closed, would fork a
    kernel. Can go with the warm server.
    """

    socket = Unicode(config=True, help="Socket of the server; else SECURENET_OBS_WARM names it.")

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have the server fork the kernel; return its connection info."""
        server = self.socket or os.environ.get(SOCKET, "")
        arguments = _arguments(cmd)
        if not server or arguments is None:
            return await super().launch_kernel(cmd, **kwargs)
        with open(os.devnull, "rb") as nothing:
            process = ForkedProcess(
                server,
                KERNEL,
                arguments,
                environment=kwargs["env"],
                folder=kwargs.get("cwd") or Path.cwd(),
                streams=[
                    nothing.fileno(),
                    _descriptor(kwargs.get("stdout"), 1),
                    _descriptor(kwargs.get("stderr"), 2),
                ],
            )
        self.process = process  # type: ignore[assignment]
        # The kernel leads its own session, and so its own group.
        self.pid = self.pgid = process.pid
        self.cwd = kwargs.get("cwd", Path.cwd())
        return self.connection_info


def _arguments(command: list[str]) -> list[str] | None:
    """Return the arguments of an ipykernel; None if the command starts something else."""
    for module in (KERNEL, "ipykernel_launcher", "ipykernel"):
        if module in command:
            return command[command.index(module) + 1 :]
    return None


def _descriptor(stream: Any, default: int) -> int:
    """Return the descriptor of a stream in any form that `subprocess.Popen` accepts."""
    if stream is None:
        return default
    return stream if isinstance(stream, int) else int(stream.fileno())


def register() -> None:
    """Register the provisioner in this process, in case the package's entry point is missing."""
    KernelProvisionerFactory.instance().provisioners.setdefault(
        WARM,
        EntryPoint(WARM, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME),
    )
