"""compose.yaml and Dockerfile, as far as they can be tested without running a container."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from securenet_obs.cli.commands.probe import probe
from securenet_obs.settings import Settings
from securenet_obs.stack.parts.readiness import HEARTBEAT
from securenet_obs.stack.parts.services import CONCURRENCY
from securenet_obs.workers.celery_app import POOLS
from securenet_obs.workers.names import QUEUES
from tests.local_index import LocalIndex, installed_here

PROJECT = Path(__file__).parents[1]
COMPOSE = PROJECT / "compose.yaml"
OURS = ("api", "worker-quick", "worker-long", "beat")


@pytest.fixture
def services() -> dict[str, Any]:
    """Return the services of the file, with variables not expanded."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def docker_compose() -> list[str]:
    """Return the installed Docker Compose command, or skip the test."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            found = subprocess.run([*command, "version"], capture_output=True, check=False)
            if found.returncode == 0:
                return command
    pytest.skip("neither `docker compose` nor `docker-compose` is here")


def config(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run `docker compose config` with only these variables of ours."""
    names = {name.upper() for name in Settings.model_fields} | {"REDIS_PASSWORD"}
    clean = {name: value for name, value in os.environ.items() if name not in names}
    command = [*docker_compose(), "--file", str(COMPOSE), "config"]
    return subprocess.run(
        command,
        env={**clean, **variables},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_compose_accepts_the_file() -> None:
    """With the one required variable, Docker Compose accepts and expands the file."""
    done = config(REDIS_PASSWORD="0123abcd")
    assert done.returncode == 0, done.stderr
    filled = yaml.safe_load(done.stdout)["services"]
    assert set(filled) == {"redis", "migrate", "oncall", *OURS}
    for name in OURS:
        assert filled[name]["environment"]["REDIS_URL"] == "redis://:0123abcd@redis:6379/0"


def test_compose_requires_a_password() -> None:
    """Without a password for Redis the error contains the variable's name."""
    done = config()
    assert done.returncode != 0
    assert "REDIS_PASSWORD" in done.stderr


def test_the_file_contains_no_secret(services: dict[str, Any]) -> None:
    """Every password, key and DSN is a reference to a variable of the shell."""
    empty_or_required = r"\$\{\w+:(\?[^}]+|-)\}"
    for service in services.values():
        for name, value in service["environment"].items():
            if name in {"SENTRY_DSN", "REDIS_PASSWORD", "DIAGNOSTICS_KEY"}:
                assert re.fullmatch(empty_or_required, value), name
            for login in re.findall(r"://(.*?)@", value):
                assert re.fullmatch(f":{empty_or_required}", login), name


def test_services_read_the_variables_of_the_settings(services: dict[str, Any]) -> None:
    """Every variable of our services is a setting; broker, results and store are included."""
    settings = {name.upper() for name in Settings.model_fields}
    for name in OURS:
        given = set(services[name]["environment"])
        assert given <= settings
        assert {"REDIS_URL", "RESULT_URL", "DATABASE_URL", "SENTRY_DSN", "ENVIRONMENT"} <= given


def test_the_broker_has_the_options_of_the_local_stack(
    services: dict[str, Any], redis_server: Any
) -> None:
    """Redis does not evict, and appends to a log, like the local stack's Redis."""
    assert services["redis"]["image"] == "redis:7-alpine"
    words = shlex.split(services["redis"]["command"][-1].replace("$$", "$"))
    given = {word[2:]: words[place + 1] for place, word in enumerate(words) if word[:2] == "--"}
    local = redis.Redis.from_url(redis_server.environment["REDIS_URL"], decode_responses=True)
    assert given == {name: local.config_get(name)[name] for name in given}
    assert given == {"maxmemory-policy": "noeviction", "appendonly": "yes", "save": ""}
    assert "requirepass" in services["redis"]["command"][-1]


@pytest.mark.parametrize("pool", POOLS)
def test_there_is_a_worker_for_each_pool(services: dict[str, Any], pool: str) -> None:
    """A worker has its pool's queues and prefetch, and the local stack's concurrency."""
    command = services[f"worker-{pool}"]["command"]
    queues, prefetch = POOLS[pool]
    assert f"--queues={','.join(queues)}" in command
    assert f"--prefetch-multiplier={prefetch}" in command
    assert f"--concurrency=${{WORKER_CONCURRENCY:-{CONCURRENCY}}}" in command


def test_every_queue_has_one_pool() -> None:
    """The containers' workers together consume the queues of the local stack's worker."""
    assert sorted(queue for queues, _ in POOLS.values() for queue in queues) == sorted(QUEUES)


def test_every_service_has_a_health_check(services: dict[str, Any]) -> None:
    """Each service has a health check; ours wait for a healthy Redis and a migrated store."""
    assert all(services[name]["healthcheck"]["test"] for name in ("redis", *OURS))
    for name in OURS:
        assert services[name]["depends_on"] == {
            "redis": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }


def test_health_checks_prove_work(services: dict[str, Any]) -> None:
    """Workers and beat are probed by their effects, Redis by a write; each command exists."""
    found = {
        name: shlex.split(services[name]["healthcheck"]["test"][-1]) for name in ("redis", *OURS)
    }
    assert found["worker-quick"] == found["worker-long"]
    assert found["worker-quick"] == ["securenet-obs", "probe", "worker", "worker@$$(hostname)"]
    assert services["worker-quick"]["command"].count("--hostname=worker@%h") == 1
    assert services["beat"]["healthcheck"]["test"][1:4] == ["securenet-obs", "probe", "beat"]
    assert {"worker", "beat", "redis", "store", "sentry"} == set(probe.commands)
    assert "set" in found["redis"]


def test_on_call_needs_the_store_alone(services: dict[str, Any]) -> None:
    """It starts without Redis, from the image with the runbooks; its heartbeat is its health."""
    oncall = services["oncall"]
    assert set(oncall["depends_on"]) == {"migrate"}
    assert oncall["build"]["target"] in {
        rest.split()[-1] for word, rest in dockerfile() if word == "FROM"
    }
    assert set(oncall["environment"]) <= {name.upper() for name in Settings.model_fields}
    heartbeat = f"{oncall['environment']['DOSSIERS_FOLDER']}/{HEARTBEAT}"
    assert heartbeat in oncall["healthcheck"]["test"][-1]


@pytest.mark.parametrize("role", ["", "postgresql://owner@host/name"])
def test_the_store_is_migrated_once(services: dict[str, Any], role: str, tmp_path: Path) -> None:
    """The service migrates the store of the others and ends; it may use a role of its own."""
    migration = services["migrate"]
    assert migration["restart"] == "no"
    command = tmp_path / "securenet-obs"
    command.write_text('#!/bin/sh\necho "$DATABASE_URL $*"\n')
    command.chmod(0o755)
    done = subprocess.run(
        [word.replace("$$", "$") for word in migration["command"]],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "DATABASE_URL": "sqlite:///x",
            "MIGRATION_DATABASE_URL": role,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{role or 'sqlite:///x'} store migrate\n"
    variables = migration["environment"]
    assert set(variables) == {"DATABASE_URL", "MIGRATION_DATABASE_URL"}
    assert variables["DATABASE_URL"] == services["api"]["environment"]["DATABASE_URL"]


def test_only_the_api_has_a_port(services: dict[str, Any]) -> None:
    """Only the API has a port on the host, on loopback."""
    assert {name for name, service in services.items() if "ports" in service} == {"api"}
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])


def dockerfile() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments."""
    text = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())
    rows = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    return [(word, rest) for word, rest in rows]


def test_every_copied_file_exists() -> None:
    """Every copied path exists in a clean checkout, and is part of the build context."""
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word == "COPY"]
    sources = {name for names in copied for name in names if not names[0].startswith("--from")}
    build_context = {
        line[1:] for line in (PROJECT / ".dockerignore").read_text().split() if line[0] == "!"
    }
    assert sources == build_context
    assert all((PROJECT / name).exists() for name in sources)


def test_the_image_runs_as_an_unprivileged_user() -> None:
    """The last stage is a slim Python with its own user."""
    words = dockerfile()
    last = max(place for place, (word, _) in enumerate(words) if word == "FROM")
    assert words[last][1] == "python:3.11-slim"
    users = [rest for word, rest in words[last:] if word == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}


def test_the_image_installs_only_pinned_packages() -> None:
    """Every installation in the image uses the lock's pins and resolves nothing."""
    installs = [
        step.strip()
        for word, rest in dockerfile()
        if word == "RUN"
        for step in rest.split("&&")
        if " install " in step or " build " in step
    ]
    assert len(installs) == 7
    for step in installs:
        assert "--no-deps" in step or "--require-hashes --build-constraint constraints.txt" in step
        assert "--require-hashes" in step or "dist/*.whl" in step


def test_newer_releases_do_not_change_the_image(tmp_path: Path, pips: dict[str, Path]) -> None:
    """The build's commands install a service's pins, which are consistent."""
    index = LocalIndex(tmp_path / "index")
    lock = ""
    for name in ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"):
        (found,) = installed_here([name])
        lock += index.add_installed(found, code=True)
    (uv,) = installed_here(["uv"])
    lock += index.add("uv", uv.version)
    first = index.add("uvicorn", "1", ["h11>=0.8"]) + index.add("h11", "1")
    for name in ("uv", "uvicorn", "h11", "hatchling", "pluggy"):
        index.add(name, "9999")
    (tmp_path / "securenet_obs").mkdir()
    (tmp_path / "securenet_obs" / "__init__.py").touch()
    for name in ("LICENSE", "README.md"):
        (tmp_path / name).write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "securenet-obs"\nversion = "1"\ndependencies = ["uvicorn"]\n'
    )
    (tmp_path / "constraints.txt").write_text(f"{first}# Above: a service\n{lock}")
    builder = [sys.executable, "-m", "venv", "--without-pip", "builder"]
    subprocess.run(builder, cwd=tmp_path, check=True)
    for site in tmp_path.glob("builder/lib/python*/site-packages"):
        (site / "pip.pth").write_text(str(next(iter(pips.values()))))
    # The tiny uv of the index has no program.
    (tmp_path / "builder" / "bin" / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    built = [word for word, _ in dockerfile()].index("FROM", 1)
    for word, rest in dockerfile()[:built]:
        if word == "RUN":
            run_in(tmp_path, rest.replace("/opt/", f"{tmp_path}/opt/"), index)
    (site,) = (tmp_path / "opt" / "securenet").glob("lib/python*/site-packages")
    service = {each.name: each.version for each in distributions(path=[str(site)])}
    assert service == {"securenet-obs": "1", "uvicorn": "1", "h11": "1"}


def run_in(folder: Path, command: str, index: LocalIndex) -> None:
    """Run a command of the build with the local index as the only one."""
    pages = [str(page) for page in index.folder.iterdir()]
    settings = folder / "settings.toml"
    settings.write_text(f"no-index = true\nfind-links = {pages}\n")
    done = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{folder}/builder/bin:{os.environ['PATH']}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index.url,
            "UV_CONFIG_FILE": str(settings),
            "UV_NO_CACHE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
