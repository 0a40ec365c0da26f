"""A stack starts completely or not at all, is isolated, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import redis
from sqlalchemy import func, select

from securenet_obs.errors import PartNotReadyError, StackError
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.target import target_of
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack, find_running_stack, local_stack
from securenet_obs.stack.parts import services
from securenet_obs.stack.state import read_state, read_status
from securenet_obs.store import NetworkMinute, create_store_engine
from tests.stores import required_postgresql
from tests.waiting import eventually

Living = Callable[[int], list[str]]

OWNER = """
import signal, sys, time
from pathlib import Path
from securenet_obs.cli.interrupts import end_on_signals
from securenet_obs.stack import LocalStack

signal.signal(signal.SIGINT, signal.default_int_handler)
end_on_signals()
with LocalStack("owned", Path(sys.argv[1]), cache=Path(sys.argv[2]), ephemeral=True):
    print("up", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path: Path, stack_cache: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that starts an ephemeral stack named `owned` and reports when it is up."""
    command = [sys.executable, "-c", OWNER, str(tmp_path), str(stack_cache)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process
        process.kill()


def groups(folder: Path) -> list[int]:
    """Return the process groups of a stack from its state file."""
    state = read_state(folder)
    return [part.pid for part in state.parts.values()] if state else []


def test_environment_selects_only_the_stack(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of the user do not affect a run on the stack; a service keeps its own identity."""
    names = {field.upper() for field in Settings.model_fields} - {"SERVICE_NAME", "SENTRY_RELEASE"}
    assert names <= set(stack.environment)
    for name in [*names, *map(str.lower, names)]:
        monkeypatch.setenv(name, "the user's")
    environment = target_of("stack", stack.environment, local=True).environment
    assert "the user's" not in environment.values()
    # An empty variable of a target is an unset one.
    given = {name: value for name, value in stack.environment.items() if value}
    assert {name: environment[name] for name in given} == given


def test_parts_do_not_inherit_user_settings(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DSN in the user's shell is not the DSN of API or worker."""
    names = {field.upper() for field in Settings.model_fields}
    for name in names:
        monkeypatch.setenv(name, "the user's")
    for part in stack.parts.values():
        assert "the user's" not in part.build_environment().values()


def test_log_source_holds_the_services_logs(stack: LocalStack) -> None:
    """It holds no log of other parts: their lines are not JSON. Runbooks add one of actions."""
    source = Path(stack.environment["LOG_SOURCE"])
    names = {path.name for path in source.iterdir()} - {"oncall.log"}
    assert names == {"api.log", "beat.log", "worker.log"}
    assert all(part.log.exists() for part in stack.parts.values())


def test_second_stack_of_a_name_is_refused(stack: LocalStack, stack_cache: Path) -> None:
    """The error has the remedy, and the first stack is unchanged."""
    second = LocalStack("tests", stack.folder.parents[1], cache=stack_cache)
    with pytest.raises(StackError, match=r"status --name tests`.*down --name tests`.*--name"):
        second.start()
    second.stop()
    assert all(part.is_running() for part in stack.parts.values())


@pytest.mark.slow
def test_stacks_are_isolated(stack: LocalStack, stack_cache: Path) -> None:
    """A second stack shares no port, secret or data; its files are removed."""
    root = stack.folder.parents[1]
    with LocalStack(root=root, cache=stack_cache, ephemeral=True) as other:
        assert other.name != stack.name
        shared = set(stack.environment.items()) & set(other.environment.items())
        own = {"API_KEYS", "API_URL", "DATABASE_URL", "DIAGNOSTICS_KEY", "LOG_SOURCE", "REDIS_URL"}
        own |= {"RESULT_URL", "SENTRY_AUTH_TOKEN", "SENTRY_DSN", "SENTRY_URL"}
        assert not own & {name for name, _ in shared}
        redis.Redis.from_url(other.environment["REDIS_URL"]).set("mine", "1")
        assert not redis.Redis.from_url(stack.environment["REDIS_URL"]).exists("mine")
        assert find_running_stack(other.name, root)
    assert not other.folder.exists()
    assert all(part.is_running() for part in stack.parts.values())


@pytest.mark.slow
def test_part_can_be_started_with_a_fault(stack: LocalStack) -> None:
    """A part with changed variables is faulty; after a plain restart it works."""
    stack.restart_part("api", {"REDIS_URL": "redis://127.0.0.1:9/0"}, wait=False)
    assert eventually(lambda: health(stack) == httpx.codes.SERVICE_UNAVAILABLE)
    stack.restart_part("api")
    assert eventually(lambda: health(stack) == httpx.codes.OK)


def health(stack: LocalStack) -> int | None:
    """Return the status of the API's health check; None without an answer."""
    try:
        return httpx.get(f"{stack.environment['API_URL']}/health/ready").status_code
    except httpx.TransportError:
        return None


def test_running_part_is_not_started_again(stack: LocalStack) -> None:
    """The error for an unknown part lists the parts."""
    with pytest.raises(StackError, match="redis is already running; stop it first"):
        stack.start_part("redis")
    with pytest.raises(
        StackError,
        match="'rediss' is not a part of the stack; its parts are redis, bugsink, relay, api",
    ):
        stack.restart_part("rediss")


def test_failed_part_stops_the_others(
    tmp_path: Path, stack_cache: Path, monkeypatch: pytest.MonkeyPatch, remaining: Living
) -> None:
    """The error has the end of the part's log; the files are kept."""
    started: list[int] = []
    broken = ["/bin/sh", "-c", "echo no such module; exit 3"]
    monkeypatch.setattr(services, "build_api_command", lambda _port: broken)
    local = LocalStack(root=tmp_path, cache=stack_cache, ephemeral=True)
    with pytest.raises(
        PartNotReadyError, match=r"^api ended with exit code 3(.|\n)*no such module"
    ):
        local.start()
    started = [part.pid for part in local.parts.values()]
    assert all(started)
    assert [member for pid in started for member in remaining(pid)] == []
    assert local.parts["api"].log.read_text() == "no such module\n"
    assert read_state(local.folder) is None
    assert find_running_stack(local.name, tmp_path) is None


@pytest.mark.slow
def test_port_conflict_is_retried(
    tmp_path: Path, stack_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process takes a port first, the start is retried with other ports."""
    offered = find_free_ports(8)
    offers = iter([offered[:4], offered[4:]])
    monkeypatch.setattr(local_stack, "find_free_ports", lambda _count: next(offers))
    monkeypatch.setattr(local_stack, "create_service_parts", lambda *_: {})
    with (
        socket.create_server(("127.0.0.1", offered[0])),
        LocalStack(root=tmp_path, cache=stack_cache, ephemeral=True) as local,
    ):
        assert f":{offered[4]}/" in local.environment["REDIS_URL"]


def test_the_logs_of_an_ephemeral_stack_are_kept_on_request(
    tmp_path: Path, stack_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The links of failed checks lead to them; data and secrets are removed as always."""
    monkeypatch.setattr(local_stack, "create_service_parts", lambda *_: {})
    with LocalStack(root=tmp_path, cache=stack_cache, ephemeral=True) as local:
        folder = local.keep_logs()
        folder.mkdir(exist_ok=True)
        (folder / "api.log").write_text("{}\n")
    assert [path.name for path in local.folder.iterdir()] == ["logs"]
    assert (folder / "api.log").read_text() == "{}\n"


@pytest.mark.slow
def test_no_process_outlives_a_killed_owner(
    owner: subprocess.Popen[str], tmp_path: Path, living: Living
) -> None:
    """After SIGKILL of the owner, all parts, their children and the files are gone."""
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    folder = tmp_path / "stacks" / "owned"
    started = groups(folder)
    assert sum(len(living(group)) for group in started) > len(started) == 7
    owner.kill()
    assert eventually(lambda: not any(living(group) for group in started))
    assert eventually(lambda: not folder.exists())


@pytest.mark.slow
def test_no_process_outlives_an_interrupted_start(
    owner: subprocess.Popen[str], tmp_path: Path, living: Living
) -> None:
    """Ctrl-C during the start stops the started parts and removes their files."""
    folder = tmp_path / "stacks" / "owned"
    assert eventually(lambda: len(groups(folder)) == 7)
    started = groups(folder)
    owner.send_signal(signal.SIGINT)
    assert owner.wait(60) != 0
    assert not any(living(group) for group in started)
    assert not folder.exists()


def test_tenants_have_keys_from_the_start(stack: LocalStack) -> None:
    """The notebooks' tenants have one key each, stored as a hash."""
    keys = Settings(api_keys=stack.environment["API_KEYS"]).tenant_keys
    assert keys.keys() == {"tenant-canary", "tenant-a", "tenant-b"}
    stored = b"".join(path.read_bytes() for path in stack.folder.glob("securenet.sqlite3*"))
    for tenant_id, key in keys.items():
        assert sha256(key.get_secret_value().encode()).hexdigest().encode() in stored
        assert key.get_secret_value().encode() not in stored
        url = f"{stack.environment['API_URL']}/v1/tenants/{tenant_id}/logs"
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"}
        answer = partial(httpx.post, url, json=[], headers=headers, timeout=60)
        assert eventually(lambda answer=answer: answer().status_code == httpx.codes.ACCEPTED)


def test_secrets_are_written_to_private_files(stack: LocalStack) -> None:
    """Files with secrets are in a folder that only its user can enter."""
    secret = stack.environment["SENTRY_AUTH_TOKEN"]
    assert stack.environment["API_KEYS"] in (stack.folder / "stack.json").read_text()
    holders = [path for path in stack.folder.rglob("*.json") if secret in path.read_text()]
    assert [path.name for path in holders] == ["stack.json"]
    assert os.stat(stack.folder).st_mode & 0o077 == 0
    assert json.loads(holders[0].read_text())["name"] == "tests"


@pytest.mark.slow
def test_a_stack_with_postgresql(
    tmp_path: Path, stack_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its services use PostgreSQL, which ends with it and leaves no file outside."""
    required_postgresql()
    # Other processes of the tests have clusters in the system's folder of temporary files.
    outside = Path(tempfile.mkdtemp(prefix="outside-"))
    outside.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(outside))
    record = {"timestamp": "2026-01-01T00:00:05Z", "src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}
    with LocalStack("on-postgres", tmp_path, cache=stack_cache, store="postgres") as local:
        url = local.environment["DATABASE_URL"]
        assert url.startswith("postgresql://")
        assert {part.part for part in read_status("on-postgres", tmp_path)} >= {"postgresql", "api"}
        tenant, key = local.environment["API_KEYS"].split(",")[0].split("=")
        path = f"{local.environment['API_URL']}/v1/tenants/{tenant}/logs"
        headers = {"Authorization": f"Bearer {key}"}

        def submit() -> int:
            return httpx.post(path, json=[record] * 3, headers=headers, timeout=60).status_code

        # A request waits for half a second for a server that was just started.
        assert eventually(lambda: submit() == httpx.codes.ACCEPTED)
        engine = create_store_engine(url)

        def counted() -> int:
            with engine.connect() as connection:
                return connection.scalar(select(func.sum(NetworkMinute.records))) or 0

        assert eventually(lambda: counted() == 3)
        engine.dispose()
        members = [*groups(local.folder), local.parts["postgresql"].pid]
    assert [pid for pid in members if Path(f"/proc/{pid}").exists()] == []
    assert list(outside.iterdir()) == []
    outside.rmdir()
