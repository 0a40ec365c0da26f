"""Probes on the command line: exit codes, JSON, and what they cost."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from securenet_obs.drills.faults.redis_states import STATES
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.stack.parts.readiness import WORKER
from tests.stores import create_sqlite

Call = Callable[..., Any]


def write_target(folder: Path, **variables: str) -> Path:
    file = folder / "target.env"
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return file


@pytest.mark.parametrize(
    "arguments", [("worker", WORKER), ("beat",), ("redis",), ("store",), ("sentry",)]
)
def test_each_part_of_a_running_stack_is_healthy(
    call: Call, stack: Any, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Each probe exits with 0 and prints one JSON object."""
    target = write_target(tmp_path, **stack.environment)
    done = call("probe", *arguments, "--target", target, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    health = json.loads(done.stdout)
    assert health["is_healthy"] is True
    assert health["part"] == arguments[-1]


def test_a_part_that_does_not_work_exits_1(call: Call, redis_server: Any, tmp_path: Path) -> None:
    """The line has the reason."""
    target = write_target(tmp_path, **redis_server.environment)
    done = call("probe", "worker", "nobody@nowhere", "--deadline", "0.1", "--target", target)
    assert done.returncode == 1
    assert done.stdout.startswith("nobody@nowhere: NOT HEALTHY: no canary was executed")


@pytest.mark.parametrize("arguments", [("worker", "any@host"), ("beat",), ("redis",)])
def test_an_unreachable_redis_exits_6(
    call: Call, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A supervisor can tell a broken part from a broken Redis."""
    url = f"redis://127.0.0.1:{find_free_ports(1)[0]}/0"
    done = call("probe", *arguments, "--target", write_target(tmp_path, REDIS_URL=url))
    assert (done.returncode, "does not answer" in done.stderr) == (6, True)


PASSWORD_CHANGED = [("worker", "any@host"), ("validation", "any@host"), ("beat",), ("redis",)]


@pytest.mark.parametrize("arguments", PASSWORD_CHANGED)
def test_a_redis_with_another_password_exits_6(
    call: Call, redis_server: Any, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A restart does not help a worker whose password was changed."""
    url = redis_server.environment["REDIS_URL"].replace("redis://:", "redis://:not-")
    done = call("probe", *arguments, "--target", write_target(tmp_path, REDIS_URL=url))
    assert done.returncode == 6, done.stderr


@pytest.mark.parametrize("state", ["READONLY", "OOM"])
def test_a_redis_that_takes_no_sign_of_life_exits_6(
    call: Call, redis_server: Any, tmp_path: Path, state: str
) -> None:
    """The signs of validation workers expire there, whether or not their event loops run."""
    url = redis_server.environment["REDIS_URL"]
    target = write_target(tmp_path, REDIS_URL=url)
    with (
        redis.Redis.from_url(url, decode_responses=True, single_connection_client=True) as admin,
        STATES[state](admin),
    ):
        done = call("probe", "validation", "any@host", "--target", target)
    assert (done.returncode, "takes no writes" in done.stderr) == (6, True)
    assert call("probe", "validation", "any@host", "--target", target).returncode == 1


def test_a_store_that_cannot_be_opened_exits_6(call: Call, tmp_path: Path) -> None:
    """The message names the setting."""
    target = write_target(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/absent/store.sqlite3")
    done = call("probe", "store", "--target", target)
    assert (done.returncode, "DATABASE_URL" in done.stderr) == (6, True)


@pytest.mark.slow
def test_a_probe_takes_less_than_two_seconds_of_the_processor(stack: Any, tmp_path: Path) -> None:
    """A new interpreter, as a container's health check starts one; it imports no pandas."""
    environment = {**os.environ, **stack.environment}
    script = (
        "import atexit, sys; atexit.register(lambda: print('pandas' in sys.modules));"
        "from securenet_obs.cli import main; main(sys.argv[1:])"
    )
    for arguments in (("worker", WORKER), ("beat",), ("redis",), ("store",), ("sentry",)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-c", script, "probe", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        assert used_s < 2, arguments
        assert done.stdout.splitlines()[-1] == "False", arguments


def test_the_store_needs_no_other_part(call: Call, tmp_path: Path) -> None:
    """A store alone is probed where there is no Redis."""
    url = create_sqlite(tmp_path / "store.sqlite3")
    done = call("probe", "store", "--target", write_target(tmp_path, DATABASE_URL=url))
    assert (done.returncode, "store: healthy" in done.stdout) == (0, True)
