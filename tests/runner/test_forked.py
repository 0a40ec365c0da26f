"""Forked processes: as fresh as started ones, and gone with whoever asked for them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from securenet_obs.errors import SecureNetObsError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.forked import SOCKET, ForkedProcess, started_server
from securenet_obs.runner.warm import available

pytestmark = pytest.mark.skipif(not available(), reason="warm servers are for Linux")

LOOK = """
import json, os, random, sys, time, threading, uuid
import numpy, pandas
from securenet_obs.settings import get_settings
print(json.dumps({
    "random": random.random(), "numpy": float(numpy.random.rand()), "uuid": str(uuid.uuid4()),
    "variables": sorted(os.environ), "zone": time.tzname[0], "sid": os.getsid(0) == os.getpid(),
    "main": sorted(name for name in globals() if not name.startswith("_")),
    "ours": [name for name in sys.modules if name.startswith("securenet_obs.")
             and not name.startswith("securenet_obs.runner")],
    "read": get_settings.cache_info().currsize,
    "columns": pandas.get_option("display.max_columns"),
}))
"""


def looked(outcome: Outcome) -> dict[str, object]:
    """Return what a notebook's cell printed as JSON."""
    document = json.loads(next(outcome.folder.glob("*.ipynb")).read_text())
    return dict(json.loads(document["cells"][-1]["outputs"][0]["text"]))


def test_a_forked_kernel_is_as_fresh_as_a_started_one(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """Random states differ, variables are those given, names are its own, as when it is cold."""
    path = write_notebook(LOOK)
    environment = {"TZ": "Asia/Tokyo", "ONLY_HERE": "1"}
    first = looked(execute(path, plain=True, environment=environment))
    second = looked(execute(path, plain=True, environment=environment))
    cold = looked(execute(path, plain=True, environment=environment, cold=True))
    for name in ("random", "numpy", "uuid"):
        assert first[name] != second[name]
    assert first["zone"] == "JST"
    assert first["sid"] is True
    assert first["main"] == cold["main"]
    # Whether a table is shown whole must not depend on where pandas was imported.
    assert first["columns"] == cold["columns"]
    # What a kernel that was started finds out about its parent, and the coverage of these tests.
    extra = {"JPY_PARENT_PID", "LINES", "COLUMNS"}
    assert set(first["variables"]) ^ set(cold["variables"]) <= extra  # type: ignore[call-overload]
    assert first["read"] == 0
    assert "securenet_obs.workers" not in str(first["ours"])


def test_a_process_is_killed_when_its_client_goes(server: str, tmp_path: Path) -> None:
    """Closing the connection ends the process, at once."""
    (tmp_path / "kernel.json").write_text("{}")
    with open(os.devnull, "r+b") as nothing:
        process = ForkedProcess(
            server, "securenet_obs.runner.kernel", [], environment=os.environ,
            folder=tmp_path, streams=[nothing.fileno()] * 3,
        )  # fmt: skip
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    process.close()
    assert _is_gone(process.pid)


def _is_gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not psutil.pid_exists(pid)


def test_the_exit_status_is_the_processs_own(server: str, tmp_path: Path) -> None:
    """An error is 1, a signal is negative, as subprocess has it."""
    with open(os.devnull, "r+b") as nothing:
        asked = [
            ForkedProcess(
                server, module, arguments, environment=os.environ,
                folder=tmp_path, streams=[nothing.fileno()] * 3,
            )
            for module, arguments in (
                ("securenet_obs.runner.pages", ["title", "/nowhere"]),
                ("securenet_obs.runner.kernel", []),
            )
        ]  # fmt: skip
    assert asked[0].wait(10) == 1
    asked[1].kill()
    assert asked[1].wait(10) == -9
    for process in asked:
        process.close()


def test_a_server_ends_with_its_owner_and_takes_everything_along(tmp_path: Path) -> None:
    """When the process that started it is killed, server, attendants and kernels are gone."""
    code = (
        "import os, sys, time\n"
        "from securenet_obs.runner.forked import ForkedProcess, started_server\n"
        "with started_server() as server, open(os.devnull, 'r+b') as nothing:\n"
        "    kernel = ForkedProcess(server(), 'securenet_obs.runner.kernel', [],\n"
        "        environment=os.environ, folder='.', streams=[nothing.fileno()] * 3)\n"
        "    print('up', flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    below = psutil.Process(owner.pid).children(recursive=True)
    assert len(below) == 3
    owner.kill()
    owner.communicate()
    assert all(_is_gone(process.pid) for process in below)


def test_a_server_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """The error names the socket."""
    with pytest.raises(SecureNetObsError, match=r"no\.socket"):
        ForkedProcess(
            str(tmp_path / "no.socket"), "securenet_obs.runner.kernel", [],
            environment={}, folder=tmp_path, streams=[0, 1, 2],
        )  # fmt: skip


def test_servers_leave_nothing_behind() -> None:
    """After its block a server's process and its socket are gone."""
    with started_server() as server:
        path = Path(server())
        assert path.is_socket()
    assert not path.parent.exists()


def test_papermill_and_nbclient_get_warm_kernels_by_the_provisioner(
    server: str, write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """With two variables set, any jupyter_client in this environment forks its kernels."""
    path = write_notebook("import os, sys; print(sys.argv[0])")
    code = (
        "from securenet_obs.runner.provisioner import register; register()\n"
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
    assert cells[-1]["outputs"][0]["text"] == ["securenet_obs.runner.kernel\n"]
