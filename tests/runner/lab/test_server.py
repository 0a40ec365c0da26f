"""JupyterLab for a person: kernels, terminals and pages; the end of its block stops it."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from jupyter_core.paths import jupyter_config_dir
from tornado.websocket import websocket_connect

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.evidence.folder import EVIDENCE_ROOT
from securenet_obs.runner.lab.server import LabServer, wait_for

LAUNCHER = "securenet-obs-launcher"
NEWS = "@jupyterlab/apputils-extension:notification"


def test_an_end_with_an_error_is_an_error() -> None:
    """The error has the exit status; a normal end raises none."""
    wait_for(subprocess.Popen([sys.executable, "-c", ""]))
    with pytest.raises(SecureNetObsError, match="exit status 3"):
        wait_for(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]))


@pytest.mark.stack
def test_it_listens_on_loopback_behind_a_token(server: LabServer, port: int) -> None:
    """The URL is that of the start page at the given port; no command line has the token."""
    start, _, token = server.url.partition("?token=")
    assert start == f"http://127.0.0.1:{port}/lab/tree/a.ipynb"
    assert len(token) > 20
    listening = psutil.Process(server.process.pid).net_connections()
    assert {row.laddr.ip for row in listening if row.status == "LISTEN"} == {"127.0.0.1"}
    assert psutil.Process(server.process.pid).environ()[EVIDENCE_ROOT] == str(
        Path.cwd() / "evidence"
    )
    assert token not in " ".join(map(str, server.process.args))  # type: ignore[arg-type]


@pytest.mark.stack
def test_channels_of_kernels_are_no_ports(client: httpx.Client, server: LabServer) -> None:
    """Their traffic is not encrypted: it goes over sockets that only this user may open."""
    kernel = client.post("/api/kernels").raise_for_status().json()["id"]
    runtime = Path(psutil.Process(server.process.pid).environ()["JUPYTER_RUNTIME_DIR"])
    connection = json.loads((runtime / f"kernel-{kernel}.json").read_text())
    assert connection["transport"] == "ipc"
    assert runtime.stat().st_mode & 0o077 == 0
    children = psutil.Process(server.process.pid).children(recursive=True)
    assert children
    # ipykernel has one port of its own, which takes what forked processes print, by a random key.
    for child in children:
        assert [row.status for row in child.net_connections("inet")] in ([], ["LISTEN"])


@pytest.mark.stack
def test_a_terminal_begins_where_the_command_was_called(client: httpx.Client) -> None:
    """`securenet-obs` is found there, with the target's variables, and so is the stack's state."""
    name = client.post("/api/terminals", json={"cwd": "/"}).raise_for_status().json()["name"]
    url = str(client.base_url.copy_with(scheme="ws", path=f"/terminals/websocket/{name}"))
    command = "echo $(pwd) $(command -v securenet-obs) $ENVIRONMENT END\r"
    token = client.headers["Authorization"].removeprefix("token ")

    async def read() -> str:
        socket = await websocket_connect(f"{url}?token={token}")
        await socket.write_message(json.dumps(["stdin", command]))
        text = ""
        while not re.search(r"staging END", text):
            message = await asyncio.wait_for(socket.read_message(), 60)
            assert isinstance(message, str)
            kind, *content = json.loads(message)
            text += content[0] if kind == "stdout" else ""
        socket.close()
        return text

    shown = re.sub(r"\s+", " ", asyncio.run(read()))
    program = Path(sys.executable).parent / "securenet-obs"
    assert f"{Path.cwd()} {program} staging END" in shown


@pytest.mark.stack
def test_a_person_is_asked_nothing(client: httpx.Client) -> None:
    """JupyterLab neither fetches news nor asks whether it may; the start pages are entries."""
    settings = client.get("/lab/api/settings").raise_for_status().json()["settings"]
    schema = next(row["schema"] for row in settings if row["id"] == NEWS)
    assert schema["properties"]["fetchNews"]["default"] == "false"
    page = client.get("/lab").raise_for_status().text
    (config,) = re.findall(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    loaded = {row["name"]: row["load"] for row in json.loads(config)["federated_extensions"]}
    path = f"{LAUNCHER}/{loaded[LAUNCHER]}"
    script = client.get(f"/lab/extensions/{path}").raise_for_status().text
    assert "00_start_here.ipynb" in script


def test_the_tabs_of_a_lab_are_kept_beside_it(client: httpx.Client) -> None:
    """The user's own folder of workspaces would bring back the tabs of another project's lab."""
    workspace = {"data": {}, "metadata": {"id": "tabs-of-a-test"}}
    client.put("/lab/api/workspaces/tabs-of-a-test", json=workspace).raise_for_status()
    kept = client.get("/lab/api/workspaces").raise_for_status().json()["workspaces"]["ids"]
    assert "tabs-of-a-test" in kept
    own = Path(jupyter_config_dir(), "lab", "workspaces")
    assert list(own.glob("tabs-of-a-test*")) == []
