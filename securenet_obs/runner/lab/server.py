"""Runs JupyterLab on loopback, with a random token, in a target's environment, until its end."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from securenet_obs.errors import SecureNetObsError
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.evidence.folder import EVIDENCE_ROOT
from securenet_obs.runner.lab.closed_pages import list_options

SHUTDOWN_TIMEOUT_S = 10.0
"""Seconds that JupyterLab has to shut down its kernels."""

START_TIMEOUT_S = 60.0
"""Seconds in which JupyterLab must listen."""

_FRONTEND = Path(__file__).parent / "frontend"

_TERMINAL = 'cd "$1" && exec "${SHELL:-/bin/sh}"'
"""Starts a terminal where the command was called: its stack and its evidence are there.

A login shell would set PATH anew, without the programs of this installation.
"""


@dataclass(frozen=True)
class LabServer:
    """A running JupyterLab: its process, and the URL of its start page with the token."""

    process: "subprocess.Popen[bytes]"
    url: str


@contextmanager
def jupyter_lab(
    root: Path,
    environment: Mapping[str, str],
    *,
    start: str = "",
    port: int = 0,
    browser: bool = True,
) -> Iterator[LabServer]:
    """Run JupyterLab for the block; it listens when the block begins.

    Args:
        root: folder to show.
        environment: environment variables of its kernels and terminals.
        start: path of the notebook below `root` to open first, empty for none.
        port: port to listen on, 0 for any free port.
        browser: whether to open a browser.

    Raises:
        SecureNetObsError: it ended at once, or does not listen.
    """
    token = secrets.token_urlsafe(24)
    port = port or find_free_ports(1)[0]
    address = f"/lab/tree/{start}" if start else "/lab"
    # Of a short path: the names of Unix sockets have at most 107 bytes. It is no scratch folder,
    # which the next command would remove: the server survives a killed command and still needs it.
    with tempfile.TemporaryDirectory(prefix="lab-") as runtime:
        process = subprocess.Popen(  # noqa: S603
            [
                *_build_command(root.resolve(), port, address, browser=browser),
                *list_options(Path(runtime)),
            ],
            # The token is here since every user of this machine may read a command line.
            env={
                EVIDENCE_ROOT: str(Path("evidence").absolute()),
                **environment,
                "JUPYTER_RUNTIME_DIR": runtime,
                # Else the tabs of an earlier lab, of another project even, come back.
                "JUPYTERLAB_WORKSPACES_DIR": str(Path(runtime, "workspaces")),
                "JUPYTER_TOKEN": token,
            },
            start_new_session=True,
        )
        try:
            _wait_until_listening(process, port, token)
            yield LabServer(process, f"http://127.0.0.1:{port}{address}?token={token}")
        finally:
            _end(process)


def _build_command(root: Path, port: int, address: str, *, browser: bool) -> list[str]:
    shell = ["/bin/sh", "-c", _TERMINAL, "sh", str(Path.cwd())]
    return [
        *(sys.executable, "-m", "jupyterlab"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--Application.log_level=ERROR",
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.open_browser={browser}",
        f"--ServerApp.terminado_settings={json.dumps({'shell_command': shell})}",
        f"--LabApp.default_url={address}",
        # Traffic over TCP is not encrypted, and any user of this machine may connect.
        "--KernelManager.transport=ipc",
        # No requests to outside servers, and no prompts.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--LabApp.app_settings_dir={_FRONTEND / 'settings'}",
        f"--LabApp.extra_labextensions_path={_FRONTEND / 'extensions'}",
        *(["--ServerApp.allow_root=True"] if os.geteuid() == 0 else []),
    ]


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int, token: str) -> None:
    def listens() -> bool:
        """Return whether this server answers: another one at the port refuses the token."""
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, HTTPException), closing(connection):
            connection.request("GET", "/api/status", headers={"Authorization": f"token {token}"})
            return connection.getresponse().status == HTTPStatus.OK
        return False

    poll_until(lambda: process.poll() is not None or listens(), deadline_s=START_TIMEOUT_S)
    if process.poll() is not None:
        raise _make_end_error(process)
    if not listens():
        raise SecureNetObsError(f"JupyterLab does not listen after {START_TIMEOUT_S:g} s.")


def _make_end_error(process: "subprocess.Popen[bytes]") -> SecureNetObsError:
    return SecureNetObsError(f"JupyterLab ended with exit status {process.returncode}.")


def _end(process: "subprocess.Popen[bytes]") -> None:
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
        raise _make_end_error(process)
