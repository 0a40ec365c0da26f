"""A warm server stays for the next run of the same user and the same state, and no other."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from securenet_obs.processes.descendants import MARK
from securenet_obs.processes.locks import try_lock
from securenet_obs.runner.kernel import staying
from securenet_obs.runner.kernel.staying import KEEP, may_stay, private_folder, state_name
from securenet_obs.runner.kernel.warm import SPARES, available
from tests.distributed.users import as_user
from tests.waiting import eventually

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not available(), reason="warm servers are for Linux"),
]

OTHER_USER = 23_409


@pytest.fixture
def folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Yield an empty folder for temporary files; its servers are ended behind the test."""
    # pytest's own folder would be made in this one by the first test that wants it.
    tmp_path_factory.getbasetemp()
    # The path of a Unix socket is short.
    path = Path(tempfile.mkdtemp(prefix="st-", dir="/tmp"))
    path.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield path
    for each in path.rglob("*.alive"):
        if text := each.read_text():
            subprocess.run(["kill", text], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def run(folder: Path, write_notebook: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs a notebook as its own command; it returns what a cell printed."""
    look = "import json, os, sys\nprint(json.dumps({'v': os.environ.get('V'),"
    look += " 'state': getattr(sys, 'left', None)}))\nsys.left = 1"
    path = write_notebook(look)

    def command(*arguments: str, **variables: str) -> dict[str, Any]:
        names = {name: text for name, text in os.environ.items() if "SECURENET_OBS" not in name}
        environment = {**names, "TMPDIR": str(folder), **variables}
        program = [sys.executable, "-m", "securenet_obs", *(arguments or ("run", str(path)))]
        options = [] if arguments else ["--plain", "--json", "--evidence", str(folder / "e")]
        done = subprocess.run(
            [*program, *options], env=environment, capture_output=True, text=True, check=True
        )
        if arguments:
            return {"out": done.stdout}
        evidence = folder / "e" / json.loads(done.stdout)["id"]
        cells = json.loads((evidence / "a_claim.ipynb").read_text())["cells"]
        printed: dict[str, Any] = json.loads(cells[-1]["outputs"][0]["text"])
        return printed

    return command


def _servers(folder: Path) -> list[int]:
    """Return the processes that serve in a folder, once each has its socket."""
    found = []
    for path in folder.rglob("*.alive"):
        # A server that ends removes it.
        with suppress(FileNotFoundError):
            if text := path.read_text():
                found.append((int(text), path.with_suffix(".socket").exists()))
    return [server for server, _ in found] if all(ready for _, ready in found) else []


def _connect_as_another_user(socket: Path, scratch: Path) -> str:
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(socket)!r})"
    command = as_user(OTHER_USER, [sys.executable, "-c", code], scratch)
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    return done.stderr


@pytest.mark.slow
def test_a_server_stays_for_the_next_run_and_no_state_does(
    run: Callable[..., dict[str, Any]], folder: Path, tmp_path: Path
) -> None:
    """Each kernel is forked from the clean server of this user alone, and `down` ends it."""
    run()
    (server,) = eventually(lambda: _servers(folder), 60)
    assert [run()["state"], run()["state"]] == [None, None]
    assert _servers(folder) == [server]
    (socket,) = folder.rglob("*.socket")
    assert "Permission denied" in _connect_as_another_user(socket, tmp_path)
    assert "server of warm kernels is ended" in run("down")["out"]
    assert eventually(lambda: not psutil.pid_exists(server), 60)
    assert not list(folder.rglob("*.socket"))


@pytest.mark.slow
def test_another_environment_has_another_server(
    run: Callable[..., dict[str, Any]], folder: Path
) -> None:
    """The server of the former environment is ended: nobody will find it again."""
    run(V="1")
    (first,) = eventually(lambda: _servers(folder), 60)
    assert run(V="2")["v"] == "2"
    assert eventually(lambda: _servers(folder) not in ([], [first]), 60)
    assert eventually(lambda: not psutil.pid_exists(first), 60)
    assert len(_servers(folder)) == 1


@pytest.mark.slow
def test_an_idle_server_ends_unless_it_is_used(folder: Path, monkeypatch: Any) -> None:
    """A command holds a lock for as long as it may need the server."""
    monkeypatch.setenv("SECURENET_OBS_IDLE_S", "0.3")
    for name in ("CI", KEEP):
        monkeypatch.delenv(name, raising=False)
    private, name = private_folder(), state_name(os.environ)
    assert private is not None
    with ExitStack() as first:
        # Until a command uses the server, another one does: it would end before a busy test looks.
        first.enter_context(staying._using(private, name))
        with staying.staying_server() as socket:
            assert socket == ""
        (server,) = eventually(lambda: _servers(folder), 60)
        with staying.staying_server() as socket:
            assert socket
            first.close()
            # It is idle once it has forked ahead.
            assert eventually(lambda: len(psutil.Process(server).children()) > SPARES)
            assert not eventually(lambda: not psutil.pid_exists(server), 3)
    assert eventually(lambda: not psutil.pid_exists(server), 60)


def test_a_server_that_is_still_importing_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`down` directly behind a run would leave it for five minutes."""
    monkeypatch.delenv(KEEP, raising=False)
    private, name = private_folder(), state_name(os.environ)
    assert private is not None
    command = [sys.executable, "-P", "-m", staying.MODULE, str(private), name]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    alive = private / f"{name}.alive"
    assert eventually(lambda: alive.exists() and alive.read_text(), 60)
    # On a busy machine it may have it already.
    alive.with_suffix(".socket").unlink(missing_ok=True)
    assert staying.end_servers() == 1
    assert server.wait(60) == 0
    assert list(private.iterdir()) == []


@pytest.mark.slow
def test_a_killed_server_is_replaced(run: Callable[..., dict[str, Any]], folder: Path) -> None:
    """Its files are left, and its lock is not."""
    run()
    (server,) = eventually(lambda: _servers(folder), 60)
    os.kill(server, signal.SIGKILL)
    assert eventually(lambda: not psutil.pid_exists(server), 60)
    assert run()["state"] is None
    assert eventually(lambda: _servers(folder) not in ([], [server]), 60)


@pytest.mark.slow
def test_a_server_that_does_not_answer_costs_no_verdict(
    run: Callable[..., dict[str, Any]], folder: Path
) -> None:
    """A suspended server is replaced, and the run is as without it."""
    run()
    (server,) = eventually(lambda: _servers(folder), 60)
    os.kill(server, signal.SIGSTOP)
    assert run()["state"] is None
    assert eventually(lambda: not psutil.pid_exists(server), 60)
    assert eventually(lambda: _servers(folder) not in ([], [server]), 60)


def test_a_silent_server_that_another_command_uses_is_not_killed(folder: Path) -> None:
    """It may be slow only: its other runs would end with an error."""
    private = private_folder()
    assert private is not None
    socket = private / "name.socket"
    with subprocess.Popen(["/bin/sleep", "60"]) as server:
        (private / "name.alive").write_text(str(server.pid))
        with (private / "name.use").open("w") as use:
            assert try_lock(use.fileno(), shared=True)
            socket.touch()
            staying.end_silent_server(str(socket))
            assert not socket.exists()
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.5)
        socket.touch()
        staying.end_silent_server(str(socket))
        assert server.wait(60) == -signal.SIGKILL


def test_a_folder_that_others_may_enter_is_not_used(folder: Path) -> None:
    """Another user could have made it, or could put a socket there."""
    path = private_folder()
    assert path is not None
    path.chmod(0o755)
    assert private_folder() is None


def test_a_folder_that_cannot_be_written_has_no_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or read-only disk costs the server, and no command its run."""
    for name in ("CI", KEEP):
        monkeypatch.delenv(name, raising=False)
    path = private_folder()
    assert path is not None
    # A folder in the place of the file refuses its owner, root included.
    (path / f"{state_name(os.environ)}.use").mkdir()
    with staying.staying_server() as socket:
        assert socket == ""


def test_without_a_folder_for_temporary_files_there_is_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a read-only root file system; the command reports it in one line."""
    for name in ("CI", KEEP):
        monkeypatch.delenv(name, raising=False)

    def refuse() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with staying.staying_server() as socket:
        assert socket == ""


@pytest.mark.parametrize("variable", ["PATH", "REDIS_URL", "OMP_NUM_THREADS", "NEW"])
def test_a_variable_changes_the_state(variable: str) -> None:
    """Libraries may read any variable when they are imported; a shell's own do not count."""
    before = state_name(os.environ)
    assert state_name({**os.environ, "PWD": "/elsewhere", "SHLVL": "7"}) == before
    assert state_name({**os.environ, variable: "changed"}) != before


def test_code_changes_the_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installed package, or a file of this project, makes the server another one."""
    before = state_name({})
    # A user's own folder, with `pip install --user`, is one of several.
    packages = tmp_path / "lib" / "python3" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    empty = state_name({})
    (packages / "new-1.0.dist-info").mkdir()
    old = state_name({})
    (packages / "new-1.0.dist-info").rename(packages / "new-1.1.dist-info")
    assert len({before, empty, old, state_name({})}) == 4
    source = Path(staying.__file__)
    found = source.stat()
    after = state_name({})
    try:
        os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000))
        assert state_name({}) != after
    finally:
        os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns))


def test_no_server_stays_where_its_socket_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a Unix socket is short."""
    assert may_stay({})
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * 60)
    assert not may_stay({})


def test_a_confinement_changes_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server keeps the namespaces, groups and processors of the command that started it."""
    before = state_name({})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7})
    assert state_name({}) != before
    monkeypatch.undo()
    monkeypatch.setattr(os, "getgroups", lambda: [5, 1234])
    assert state_name({}) != before
    monkeypatch.undo()
    monkeypatch.setattr(os, "getegid", lambda: 1234)
    assert state_name({}) != before
    monkeypatch.undo()
    monkeypatch.setattr(os, "readlink", lambda _: "net:[1]")
    assert state_name({}) != before


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"CI": "true"}, False),
        ({KEEP: "0"}, False),
        ({MARK: "x"}, False),
    ],
)
def test_a_server_does_not_stay_everywhere(variables: dict[str, str], expected: bool) -> None:
    """Not in CI, where no other command follows, and not inside of a run, which would end it."""
    assert may_stay(variables) is expected
