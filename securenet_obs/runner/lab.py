"""Runs JupyterLab on loopback, with a random token, in a target's environment, until its end."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from securenet_obs.errors import SecureNetObsError
from securenet_obs.processes.ports import find_free_ports

EVIDENCE_ROOT = "SECURENET_OBS_EVIDENCE_ROOT"
"""Variable with the folder of all evidence, for the journal of runbooks in JupyterLab."""

SHUTDOWN_TIMEOUT_S = 10.0
"""Seconds that JupyterLab has to shut down its kernels."""


@contextmanager
def jupyter_lab(
    root: Path, environment: Mapping[str, str], *, port: int = 0, browser: bool = True
) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """Run JupyterLab for the block; yield its process and its URL with the token.

    Args:
        root: project folder to show.
        environment: environment variables of its kernels.
        port: port to listen on, 0 for any free port.
        browser: whether to open a browser.
    """
    token = secrets.token_urlsafe(24)
    port = port or find_free_ports(1)[0]
    process = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "jupyterlab"),
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={root.resolve()}",
            f"--ServerApp.open_browser={browser}",
            # No requests to outside servers, and no prompts.
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            *(["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []),
        ],
        # In the environment, as every user of this machine may read a command line.
        env={
            EVIDENCE_ROOT: str(Path("evidence").absolute()),
            **environment,
            "JUPYTER_TOKEN": token,
        },
        start_new_session=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}/lab?token={token}"
    finally:
        process.terminate()
        try:
            process.wait(SHUTDOWN_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: "subprocess.Popen[bytes]") -> None:
    """Wait until JupyterLab ends.

    Raises:
        SecureNetObsError: JupyterLab ended with an error.
    """
    if process.wait() != 0:
        raise SecureNetObsError(f"JupyterLab ended with exit status {process.returncode}.")
