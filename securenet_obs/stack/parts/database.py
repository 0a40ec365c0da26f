"""PostgreSQL of the local stack: finds its programs, creates its cluster, creates its part.

PostgreSQL refuses to run as root: as root its cluster belongs to another user, and is in a folder
of the system's temporary files, since that user may not enter the project's folder.
"""

import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.readiness import is_postgresql_ready

USERS = ("postgres", "nobody")
"""Users of the system that run PostgreSQL in place of root; the first one that exists."""

OLDEST = 15
"""Oldest supported major version."""

ROLE = "securenet"

_DEBIAN = Path("/usr/lib/postgresql")

# Durable as in production; no other process can read the folder of the socket.
OPTIONS = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories=", "log_min_messages=warning"),
    # No statement and no value of a row in its log.
    *("log_min_error_statement=panic", "log_error_verbosity=terse"),
)
"""Settings of the server, `name=value`."""


@dataclass(frozen=True)
class PostgresAccess:
    """Port and password of a stack's PostgreSQL."""

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database for the cluster's owner."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"


def find_postgresql() -> Path:
    """Return the folder of PostgreSQL's programs: that of initdb on PATH, else Debian's newest.

    Raises:
        StackError: no supported version is installed.
    """
    folders = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    versions = (path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit())
    folders += sorted(versions, key=lambda path: -int(path.parent.name))
    for folder in folders:
        if os.access(folder / "initdb", os.X_OK) and _major_version(folder) >= OLDEST:
            return folder
    raise StackError(
        f"PostgreSQL {OLDEST} or newer is not installed; put its initdb on PATH, for example with "
        "`apt-get install postgresql` or `brew install postgresql`."
    )


def create_postgresql_part(
    folder: Path, access: PostgresAccess, guard: Guard, options: Sequence[str] = ()
) -> Part:
    """Return a PostgreSQL with a new cluster, not yet started.

    Args:
        folder: its working folder, also the cluster's unless this process runs as root.
        access: its port, and the password of its owner.
        guard: ends the process when we cannot, and removes a folder of temporary files.
        options: further settings of the server, such as `fsync=off`.

    Raises:
        StackError: no supported version is installed, or the cluster cannot be created.
    """
    programs = find_postgresql()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = _user() if os.geteuid() == 0 else None
    home = folder if user is None else Path(tempfile.mkdtemp(prefix="securenet-postgresql-"))
    if user is not None:
        guard.remove_at_end(home)
        os.chown(home, user.pw_uid, user.pw_gid)
    as_user = [] if user is None else _command_as(user)
    _create_cluster([*as_user, str(programs / "initdb")], home, access, user)
    settings = (f"-c{option}" for option in (*OPTIONS, *options))
    return Part(
        "postgresql",
        [
            *[*as_user, str(programs / "postgres"), "-D", str(home / "data")],
            *["-p", str(access.port), *settings],
        ],
        folder=folder,
        log=folder / "postgresql.log",
        environment={},
        ready=lambda since: is_postgresql_ready({"DATABASE_URL": access.url()}, since),
        address=f"127.0.0.1:{access.port}",
        guard=guard,
    )


def _create_cluster(
    initdb: Sequence[str], home: Path, access: PostgresAccess, user: pwd.struct_passwd | None
) -> None:
    # In a file and not an argument: any user can read the arguments of a process.
    password = home / "password"
    password.touch(mode=0o600)
    password.write_text(access.password)
    if user is not None:
        os.chown(password, user.pw_uid, user.pw_gid)
    created = subprocess.run(  # noqa: S603
        [
            *[*initdb, f"--pgdata={home / 'data'}", f"--username={ROLE}", f"--pwfile={password}"],
            *["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
        ],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    password.unlink()
    if created.returncode:
        raise StackError(f"PostgreSQL's cluster could not be created: {created.stderr.strip()}")


def _user() -> pwd.struct_passwd:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError(
        f"PostgreSQL does not run as root, and this system has none of the users {USERS}."
    )


def _command_as(user: pwd.struct_passwd) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError("PostgreSQL does not run as root; run the command as another user.")
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _major_version(folder: Path) -> int:
    command = [str(folder / "initdb"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    version = re.search(r"\) (\d+)", answer.stdout)
    return int(version[1]) if version else 0
