"""Warm server that stays for the next command of this user: started behind a lone run, then found.

Buys: the next `securenet-obs run` takes 0.19 of the time of papermill's command line, not 0.61.
Without it: each lone run imports anew (`lone`).
Can go with the warm server.

Design
------
- A folder that only this user may enter has, for each state of the installation, a socket and two
  lock files. The name of a state is a digest of the interpreter, of the variables of the
  environment, of namespaces, control group and processors, of the names and versions of all
  installed packages, and of this project's own files: after a change of any of them the server is
  not found any more, and another one is started.
- `NAME.alive` is locked by the server; `NAME.use` is shared by commands that use it. A server ends
  after five idle minutes if it can lock `NAME.use` alone, so that no command loses it.
- A run gets a fork of a process that has imported libraries and never runs a notebook: no state of
  one run can reach another.
"""

import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from securenet_obs.processes.descendants import MARK
from securenet_obs.processes.locks import try_lock
from securenet_obs.runner.kernel.warm import available, has_room

KEEP = "SECURENET_OBS_KEEP_WARM"
"""Variable that is 0 if no server is to stay."""

MODULE = "securenet_obs.runner.kernel.staying_server"

_VOLATILE = ("_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "WINDOWID", "TERM_SESSION_ID")
"""Variables that a shell or a terminal changes between two commands, and no library reads."""


def may_stay(variables: Mapping[str, str]) -> bool:
    """Return whether a server may stay: not in CI, not inside of a run, and not if refused."""
    in_ci = variables.get("CI", "").strip().lower() not in ("", "0", "false", "no", "off")
    is_possible = available() and has_room(
        f"securenet-obs-{os.geteuid()}", "warm", "0" * 24 + ".socket"
    )
    return is_possible and not in_ci and MARK not in variables and variables.get(KEEP) != "0"


def private_folder() -> Path | None:
    """Return the folder of this user's servers; None if another user could enter it."""
    parent = Path(tempfile.gettempdir()) / f"securenet-obs-{os.geteuid()}"
    folder = parent / "warm"
    try:
        # The locks of targets are in the first one, too, and others may read their names.
        is_private = _is_own(parent, 0o022) and _is_own(folder, 0o077)
    except OSError:
        return None
    return folder if is_private else None


def _usable_folder() -> Path | None:
    """Return the folder of this user's servers; None if no server may stay or be used."""
    try:
        return private_folder() if may_stay(os.environ) else None
    except OSError:
        # No folder for temporary files can be written.
        return None


def _is_own(folder: Path, refused: int) -> bool:
    """Make a folder if it is missing; return whether it is this user's, without those rights."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_mine and not found.st_mode & refused


def state_name(variables: Mapping[str, str]) -> str:
    """Return the name of the state of this installation, with these variables."""
    digest = hashlib.sha256()
    kept = sorted((name, text) for name, text in variables.items() if name not in _VOLATILE)
    facts = (sys.executable, sys.prefix, sys.version, repr(kept))
    for part in (*facts, *_confinement(), *_code_state()):
        digest.update(part.encode("utf-8", "surrogateescape"))
        digest.update(b"\0")
    return digest.hexdigest()[:24]


def _confinement() -> Iterator[str]:
    """Yield what a process inherits and a server keeps: namespaces, control group, groups, CPUs."""
    for path in sorted(Path("/proc/self/ns").glob("*")):
        yield os.readlink(path)
    yield Path("/proc/self/cgroup").read_text()
    yield repr((os.getegid(), sorted(os.getgroups()), sorted(os.sched_getaffinity(0))))


def _code_state() -> Iterator[str]:
    """Yield a line for each installed package, and each file of this project."""
    for name in sorted(_package_folders()):
        yield name
        # pip replaces the metadata of a package and changes its folder.
        with suppress(OSError):
            for entry in sorted(os.scandir(name), key=lambda each: each.name):
                yield f"{entry.name} {entry.stat().st_mtime_ns}"
    package = Path(__file__).parents[2]
    for folder, _, files in sorted(os.walk(package)):
        for file in sorted(files):
            if file.endswith((".py", ".toml")):
                found = os.stat(os.path.join(folder, file))
                yield f"{folder} {file} {found.st_mtime_ns} {found.st_size}"


def _package_folders() -> set[str]:
    """Return the folders of installed packages: the environment's, the user's, the system's."""
    return {path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}}


@contextmanager
def staying_server(*, starts: bool = True) -> Iterator[str]:
    """Yield the socket of a server that has stayed; empty if there is none. It lives for the block.

    Args:
        starts: whether to start one for the next command, behind the block, if there is none.
    """
    folder = _usable_folder()
    if folder is None:
        yield ""
        return
    name = state_name(os.environ)
    with _using(folder, name) as socket:
        is_wanted = starts and not socket
        with _behind((lambda: _start(folder, name)) if is_wanted else None):
            yield socket


@contextmanager
def _using(folder: Path, name: str) -> Iterator[str]:
    """Yield the socket of a server, which lives until the block ends; empty without one."""
    with ExitStack() as ends:
        try:
            use = _open_lock(folder / f"{name}.use")
        except OSError:
            # A full or read-only disk costs the server, not the run.
            yield ""
            return
        ends.callback(os.close, use)
        is_here = try_lock(use, shared=True) and is_alive(folder, name)
        yield str(folder / f"{name}.socket") if is_here else ""


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _behind(start: Callable[[], None] | None) -> Iterator[None]:
    """Call a function behind a block that ended, also by `sys.exit`; not behind an error."""
    try:
        yield
    except SystemExit:
        if start:
            start()
        raise
    if start:
        start()


def is_alive(folder: Path, name: str) -> bool:
    """Return whether a server of this name has its socket and its lock."""
    return (folder / f"{name}.socket").is_socket() and _has_begun(folder, name)


def _has_begun(folder: Path, name: str) -> bool:
    """Return whether a server of this name has its lock; it may still be importing."""
    try:
        descriptor = os.open(folder / f"{name}.alive", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def _start(folder: Path, name: str) -> None:
    """Start a server that outlives this process, and end those of other states."""
    end_servers(but=name)
    # The run has its verdict, also where no process can be started.
    with suppress(OSError), open(os.devnull, "r+b") as nothing:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", MODULE, str(folder), name],
            stdin=nothing,
            stdout=nothing,
            stderr=nothing,
            cwd="/",
            start_new_session=True,
        )
        # Nobody waits for it here; it is this process's child until this process ends.
        threading.Thread(target=process.wait, daemon=True).start()


def end_servers(but: str = "") -> int:
    """End this user's servers that no command uses, except one; return their number.

    A command that wants no server to stay leaves those of others alone, too.
    """
    folder = None if os.environ.get(KEEP) == "0" else private_folder()
    ended = 0
    for path in folder.glob("*.alive") if folder else ():
        name = path.stem
        with suppress(OSError, ValueError):
            if name != but and _has_begun(path.parent, name) and not _is_used(path.parent, name):
                os.kill(int(path.read_text()), signal.SIGTERM)
                ended += 1
    return ended


def end_silent_server(socket: str) -> None:
    """Hide a server that does not answer, such as a suspended one; kill it if no command uses it.

    A server that was only slow serves the commands that it has, and ends like any idle one.
    """
    path = Path(socket)
    with suppress(OSError, ValueError):
        path.unlink()
        if not _is_used(path.parent, path.stem):
            os.kill(int(path.with_suffix(".alive").read_text()), signal.SIGKILL)


def _is_used(folder: Path, name: str) -> bool:
    descriptor = _open_lock(folder / f"{name}.use")
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
