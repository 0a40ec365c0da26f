"""Provisioner: gives any jupyter_client warm kernels, and starts other kernels as usual."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec

from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.runner.kernel.launch import WARM
from securenet_obs.runner.kernel.provisioner import WarmProvisioner
from securenet_obs.runner.kernel.warm import available


def test_the_package_registers_it() -> None:
    """jupyter_client finds the provisioner by the name that runs use."""
    (found,) = entry_points(group="jupyter_client.kernel_provisioners", name=WARM)
    assert found.load() is WarmProvisioner


@pytest.mark.parametrize("socket", ["", "/nowhere/socket"])
def test_other_kernels_are_started_by_jupyter(socket: str, tmp_path: Path) -> None:
    """A kernel of another language is started without a server."""

    async def launch() -> int | None:
        provisioner = WarmProvisioner(kernel_spec=KernelSpec(), kernel_id="k", socket=socket)
        command = [sys.executable, "-c", "raise SystemExit(7)"]
        await provisioner.launch_kernel(command, cwd=str(tmp_path), env=dict(os.environ))
        return await provisioner.wait()

    assert asyncio.run(launch()) == 7


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="warm servers are for Linux")
def test_papermill_and_nbclient_get_warm_kernels_by_the_provisioner(
    server: str, write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """Two variables suffice for any jupyter_client in this environment to fork its kernels."""
    path = write_notebook("import os, sys; print(sys.argv[0])")
    code = (
        "from securenet_obs.runner.kernel.provisioner import register; register()\n"
        "import sys, papermill\n"
        "papermill.execute_notebook(sys.argv[1], sys.argv[2], kernel_name='python3',"
        " progress_bar=False)"
    )
    out = tmp_path / "out.ipynb"
    environment = os.environ | {
        SOCKET: server, "JUPYTER_DEFAULT_PROVISIONER_NAME": "securenet-obs-warm",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", code, path, out], env=environment, check=True)
    cells = json.loads(out.read_text())["cells"]
    assert cells[-1]["outputs"][0]["text"] == ["securenet_obs.runner.kernel.main\n"]
