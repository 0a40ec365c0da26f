"""compose.yaml and Dockerfile, as far as they can be tested without running a container."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from sqlalchemy import make_url

from securenet_obs.cli.commands.probe import probe
from securenet_obs.processes.guard import Guard
from securenet_obs.settings import Settings
from securenet_obs.stack import LocalStack
from securenet_obs.stack.part import Part
from securenet_obs.stack.parts.database import OPTIONS
from securenet_obs.stack.parts.readiness import HEARTBEAT
from securenet_obs.stack.parts.validation import create_validation_part
from securenet_obs.workers.celery_app import POOLS
from securenet_obs.workers.names import QUEUES
from tests.local_index import LocalIndex, installed_here
from tests.stores import PostgresServer, required_postgresql

PROJECT = Path(__file__).parents[1]
COMPOSE = PROJECT / "compose.yaml"
DEPLOYMENT = PROJECT / "DEPLOYMENT.md"
PARTS = {"api": "api", "worker-quick": "worker", "worker-long": "worker", "beat": "beat"}
"""Service -> part of the local stack that is the same program."""
TARGET_READERS = {"worker-validation": "worker-validation", "oncall": "oncall"}
"""The same for services that read a target, as commands do."""

SECRETS = {"REDIS_PASSWORD": "0123abcd", "POSTGRES_PASSWORD": "4567ef", "FLOWER_PASSWORD": "89ab"}
"""The variables that compose.yaml requires."""

SHORT = {"-A": "--app", "-n": "--hostname", "-Q": "--queues"}
"""Short options of Celery -> long ones."""

OTHER_OPTIONS: dict[str, set[str]] = {
    # A container is reached from outside; its port is published on loopback.
    "api": {"--host", "--port"},
    # A deployment has several workers: one for each pool, with gossip and mingling.
    "worker": {
        *("--hostname", "--queues", "--prefetch-multiplier"),
        *("--without-gossip", "--without-mingle"),
    },
    "beat": {"--schedule"},
    # Celery's beat runs beside one of the workers; a local stack has no schedule of validations.
    "worker-validation": {"--hostname", "--beat", "--schedule"},
    "oncall": set(),
}
"""Part -> options that a container has otherwise than the local stack, or that one of both has."""

OTHER_SETTINGS = {
    *("environment", "redis_url", "result_url", "database_url", "sentry_dsn"),
    # The local stack serves all that a validation can ask for, and is slow to wait for nothing.
    *("metrics_enabled", "diagnostics_enabled", "diagnostics_key", "schedule_canary_s"),
    *("sentry_traces_rates", "securenet_release"),
    # The API alone takes alerts, and `oncall serve` alone writes dossiers.
    *("alertmanager_token", "sentry_hook_secret", "dossiers_folder"),
    # Its part ends earlier than a container.
    "worker_stop_s",
    # Only a validation worker reads them, which a local stack has not.
    *("validation_evidence", "validation_schedule"),
}
"""Settings of a container that have other values than in the local stack."""

READERS = {
    *(
        "log_schema_waivers",
        "log_source",
        "api_url",
        "api_keys",
        "runbook_actions",
        "oncall_contacts",
    ),
    *("sentry_backend", "sentry_url", "sentry_relay_url", "sentry_org", "sentry_project"),
    *("sentry_auth_token", "notify_urls", "notify_after_s"),
    *("retention_evidence_d", "validation_broker_url", "validation_targets"),
}
"""Settings that only a command that reads a target uses; no container has them."""


def expand(value: Any, given: dict[str, str]) -> Any:
    """Replace the variables in a part of compose.yaml by these values, else by their defaults."""
    if isinstance(value, dict):
        return {name: expand(each, given) for name, each in value.items()}
    if isinstance(value, list):
        return [expand(each, given) for each in value]
    if not isinstance(value, str):
        return value
    pattern = r"(?<!\$)\$\{(\w+):(?:-([^}]*)|\?[^}]*)\}"
    return re.sub(pattern, lambda found: given.get(found[1], found[2] or ""), value)


@pytest.fixture
def services() -> dict[str, Any]:
    """Return the services of the file, with variables not expanded."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


@pytest.fixture
def expanded(services: dict[str, Any]) -> dict[str, Any]:
    """Return the services of the file with the required variables, and defaults for the others."""
    return expand(services, SECRETS)


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
    names = {name.upper() for name in Settings.model_fields} | set(SECRETS)
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


def test_compose_accepts_the_file(expanded: dict[str, Any]) -> None:
    """With the required variables, Docker Compose accepts and expands the file, as we do."""
    done = config(**SECRETS)
    assert done.returncode == 0, done.stderr
    filled = yaml.safe_load(done.stdout)["services"]
    assert {name: filled[name]["environment"] for name in filled} == {
        name: service["environment"] for name, service in expanded.items()
    }
    for name in PARTS:
        variables = filled[name]["environment"]
        assert variables["REDIS_URL"] == "redis://:0123abcd@redis:6379/0"
        assert (
            variables["DATABASE_URL"] == "postgresql://securenet:4567ef@postgresql:5432/securenet"
        )


@pytest.mark.parametrize("missing", SECRETS)
def test_compose_requires_each_password(missing: str) -> None:
    """Without a password the error contains the variable's name."""
    done = config(**{name: value for name, value in SECRETS.items() if name != missing})
    assert done.returncode != 0
    assert missing in done.stderr


def test_the_file_contains_no_secret(services: dict[str, Any]) -> None:
    """Every password, key and DSN is a reference to a variable of the shell."""
    required = r"\$\{\w+:\?[^}]+\}"
    secret = re.compile(r"(PASSWORD|KEY|DSN|TOKEN|SECRET)$")
    for service in services.values():
        for name, value in service["environment"].items():
            if value is None:
                continue
            if secret.search(name):
                assert re.fullmatch(required, value), name
            for login in re.findall(r"://([^@]*)@", value):
                assert re.fullmatch(f"[a-z]*:{required}", login), name
    login = services["flower"]["environment"]["FLOWER_BASIC_AUTH"]
    assert re.fullmatch(rf"\$\{{FLOWER_USER:-oncall\}}:{required}", login)


def test_services_read_the_variables_of_the_settings(services: dict[str, Any]) -> None:
    """Every variable of our services is a setting; broker, results and store are included."""
    settings = {name.upper() for name in Settings.model_fields}
    for name in PARTS:
        given = set(services[name]["environment"])
        assert given <= settings
        assert {"REDIS_URL", "RESULT_URL", "DATABASE_URL", "SENTRY_DSN", "ENVIRONMENT"} <= given


def test_each_service_is_in_the_table_of_the_deployment(services: dict[str, Any]) -> None:
    """The table has the services in words; `oncall` had been left out."""
    table = DEPLOYMENT.read_text().partition("## On Kubernetes")[0]
    assert set(services) == {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(.+?)`", row)
    }


def test_no_variable_is_empty(expanded: dict[str, Any]) -> None:
    """A variable that is not set is absent: probes would refuse a target with an empty one."""
    for service in expanded.values():
        assert "" not in service["environment"].values()


def words_and_options(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words of a command line after its Python, and its options by their long names."""
    program, *rest = command
    if program == "securenet-obs":
        rest = ["-m", "securenet_obs", *rest]
    else:
        assert Path(program).name.startswith("python")
    words: list[str] = []
    options: dict[str, str] = {}
    while rest:
        name, sign, value = rest.pop(0).partition("=")
        name = SHORT.get(name, name)
        if not name.startswith("--"):
            words.append(name)
        else:
            takes_next = not sign and rest and not rest[0].startswith("-") and name != "--quiet"
            options[name] = rest.pop(0) if takes_next else value
    return words, options


@pytest.fixture
def parts(stack: LocalStack, tmp_path: Path) -> Iterator[dict[str, Part]]:
    """Yield the parts of the local stack, those too that only some stacks have."""
    with Guard() as guard:
        yield stack.parts | create_validation_part(tmp_path, stack.environment, guard)


@pytest.mark.parametrize("service", PARTS | TARGET_READERS)
def test_compose_starts_what_the_local_stack_starts(
    expanded: dict[str, Any], parts: dict[str, Part], service: str
) -> None:
    """Commands have the same words and options, and processes the same settings, but for those."""
    part = parts[(PARTS | TARGET_READERS)[service]]
    words, options = words_and_options(expanded[service]["command"])
    local_words, local_options = words_and_options(part.command)
    assert words == local_words
    changed = {
        name
        for name in options.keys() | local_options.keys()
        if options.get(name) != local_options.get(name)
    }
    assert changed - OTHER_OPTIONS[part.name] == set()
    settings = settings_of(expanded[service]["environment"])
    local = settings_of(part.environment)
    differing = {name for name in local if settings[name] != local[name]}
    assert differing - OTHER_SETTINGS == READERS & differing
    if service in PARTS:
        assert {name.upper() for name in READERS}.isdisjoint(expanded[service]["environment"])


def settings_of(variables: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the settings of a process with only these variables."""
    given = {name.lower(): value for name, value in variables.items() if value is not None}
    return Settings(**{name: given.get(name, "") for name in Settings.model_fields}).model_dump()  # type: ignore[arg-type]


def test_the_broker_has_the_options_of_the_local_stack(
    expanded: dict[str, Any], redis_server: Any
) -> None:
    """Redis does not evict, and appends to a log, like the local stack's; its memory is bounded."""
    assert expanded["redis"]["image"] == "redis:7-alpine"
    words = shlex.split(expanded["redis"]["command"][-1].replace("$$", "$"))
    given = {word[2:]: words[place + 1] for place, word in enumerate(words) if word[:2] == "--"}
    assert given.pop("maxmemory") == "512mb"
    local = redis.Redis.from_url(redis_server.environment["REDIS_URL"], decode_responses=True)
    assert given == {name: local.config_get(name)[name] for name in given}
    assert given == {"maxmemory-policy": "noeviction", "appendonly": "yes", "save": ""}
    assert "requirepass" in expanded["redis"]["command"][-1]


def test_the_store_has_the_options_of_the_local_stack(expanded: dict[str, Any]) -> None:
    """PostgreSQL logs no value of a row, asks for passwords, and stores UTF-8."""
    service = expanded["postgresql"]
    assert re.fullmatch(r"postgres:\d+\.\d+-alpine", service["image"])
    settings = {word for word in service["command"] if "=" in word}
    local = {option for option in OPTIONS if option.startswith("log_")}
    assert settings == local
    assert "scram-sha-256" in service["environment"]["POSTGRES_INITDB_ARGS"]
    assert "--encoding=UTF8" in service["environment"]["POSTGRES_INITDB_ARGS"]


@pytest.mark.parametrize("pool", POOLS)
def test_there_is_a_worker_for_each_pool(services: dict[str, Any], pool: str) -> None:
    """A worker has its pool's queues and prefetch."""
    command = services[f"worker-{pool}"]["command"]
    queues, prefetch = POOLS[pool]
    assert f"--queues={','.join(queues)}" in command
    assert f"--prefetch-multiplier={prefetch}" in command


def test_every_queue_has_one_pool() -> None:
    """The containers' workers together consume the queues of the local stack's worker."""
    assert sorted(queue for queues, _ in POOLS.values() for queue in queues) == sorted(QUEUES)


def test_every_service_is_checked_limited_and_restarted(services: dict[str, Any]) -> None:
    """Each has a health check, limits of memory, processor and processes, and a restart policy."""
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert {"mem_limit", "cpus", "pids_limit"} <= set(service), name
        assert service["restart"] == ("on-failure:3" if name == "migrate" else "unless-stopped")


def test_no_service_can_change_its_image(services: dict[str, Any]) -> None:
    """Root file systems are read-only; no process has a capability or can gain one."""
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in service["tmpfs"], name


def test_services_wait_for_what_they_need(services: dict[str, Any]) -> None:
    """Ours wait for a healthy Redis and a migrated store, the migration for a healthy database."""
    for name in PARTS:
        assert services[name]["depends_on"] == {
            "redis": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
    assert services["migrate"]["depends_on"] == {"postgresql": {"condition": "service_healthy"}}


def test_health_checks_prove_work(services: dict[str, Any]) -> None:
    """Workers and beat are probed by their effects, Redis by a write; each command exists."""
    found = {
        name: shlex.split(services[name]["healthcheck"]["test"][-1]) for name in ("redis", *PARTS)
    }
    assert found["worker-quick"] == found["worker-long"]
    assert found["worker-quick"] == ["securenet-obs", "probe", "worker", "worker@$$(hostname)"]
    assert services["worker-quick"]["command"].count("--hostname=worker@%h") == 1
    assert services["beat"]["healthcheck"]["test"][1:4] == ["securenet-obs", "probe", "beat"]
    assert {"worker", "validation", "beat", "redis", "store", "sentry"} == set(probe.commands)
    assert "set" in found["redis"]
    assert "pg_current_xact_id" in services["postgresql"]["healthcheck"]["test"][-1]


@pytest.mark.stack
def test_postgresql_is_healthy_once_it_has_a_port(
    services: dict[str, Any], postgresql: PostgresServer
) -> None:
    """The image first starts a server without one, to create the database; a migration would fail.

    This server is the other way round: it has a port alone.
    """
    url = make_url(postgresql.create_store())
    check = services["postgresql"]["healthcheck"]["test"][-1].replace("$$", "$")
    assert f"-U {url.username} " in check
    done = subprocess.run(
        ["sh", "-c", check],
        env={
            "PATH": f"{required_postgresql()}:{os.environ['PATH']}",
            "PGPORT": str(url.port),
            "PGDATABASE": str(url.database),
            "POSTGRES_PASSWORD": str(url.password),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip().isdecimal()) == (0, True), done.stderr


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


def test_the_validation_worker_has_what_it_needs(services: dict[str, Any]) -> None:
    """It has the image with notebooks, a shared place, a schedule, and addresses to notify."""
    service = services["worker-validation"]
    _, options = words_and_options(service["command"])
    assert {"--beat", "--schedule"} <= options.keys()
    for name in ("DIAGNOSTICS_ENABLED", "DIAGNOSTICS_KEY"):
        assert service["environment"][name] == services["api"]["environment"][name]
    needed = {"VALIDATION_EVIDENCE", "VALIDATION_SCHEDULE", "NOTIFY_URLS", "NOTIFY_AFTER_S"}
    assert needed <= service["environment"].keys()
    assert service["build"]["target"] == "oncall"
    bucket = {name for name in service["environment"] if name.startswith("AWS_")}
    assert {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= bucket
    assert bucket >= set(re.findall(r"`(AWS_[A-Z_]+)", DEPLOYMENT.read_text()))
    settings = {name.upper() for name in Settings.model_fields}
    assert set(service["environment"]) <= settings | bucket
    assert service["environment"]["VALIDATION_EVIDENCE"].startswith("${VALIDATION_EVIDENCE:-file:")
    assert service["healthcheck"]["test"][-1] == (
        "securenet-obs probe validation validation@$$(hostname)"
    )


@pytest.mark.parametrize("role", ["", "postgresql://owner@host/name"])
def test_the_store_is_migrated_once(services: dict[str, Any], role: str, tmp_path: Path) -> None:
    """The service migrates the store of the others and ends; it may use a role of its own."""
    migration = services["migrate"]
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


def test_only_api_and_flower_have_a_port(services: dict[str, Any]) -> None:
    """They have a port on the host, on loopback; Redis and PostgreSQL have an internal network."""
    assert {name for name, service in services.items() if "ports" in service} == {"api", "flower"}
    for name in ("api", "flower"):
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
    networks = yaml.safe_load(COMPOSE.read_text())["networks"]
    assert networks["data"] == {"internal": True}
    assert services["redis"]["networks"] == services["postgresql"]["networks"] == ["data"]


def dockerfile() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments."""
    text = re.sub(r"\\\n\s*", "", (PROJECT / "Dockerfile").read_text())
    rows = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    return [(word, rest) for word, rest in rows]


@pytest.mark.parametrize(
    "path",
    [
        *("notebooks/staging.env", "notebooks/.env", "runbooks/team/production.env"),
        *("notebooks/evidence/20261128T050839Z-612bb41d/run.json", "runbooks/evidence/latest"),
        *("notebooks/.securenet/lab/a.ipynb", "notebooks/.ipynb_checkpoints/a.ipynb"),
    ],
)
def test_no_secret_of_a_copied_folder_is_built(path: str) -> None:
    """All that is in the folder becomes a part of the wheel, and so of the image."""
    lines = (PROJECT / ".dockerignore").read_text().split("\n")
    refused = [line for line in lines if line and line[0] not in "#!" and line != "*"]
    above = [str(each) for each in (Path(path), *Path(path).parents)]
    regular = [line.replace(".", r"\.").replace("**/", "(.+/)?") for line in refused]
    names = [re.compile(line.replace("*", "[^/]*")) for line in regular]
    assert any(name.fullmatch(each) for name in names for each in above)
    source = "securenet_obs/runner/evidence/folder.py"
    assert not any(name.fullmatch(str(each)) for name in names for each in Path(source).parents)


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
    """Every image is the runtime stage, a slim Python of a full version with its own user."""
    words = dockerfile()
    assert words[0] == ("ARG", "PYTHON=python:3.11.14-slim-bookworm")
    stages = [rest for word, rest in words if word == "FROM"]
    assert stages == [
        *("${PYTHON} AS build", "build AS build-flower", "build AS build-oncall"),
        *("${PYTHON} AS runtime", "runtime AS flower", "runtime AS oncall", "runtime AS service"),
    ]
    runtime = words.index(("FROM", "${PYTHON} AS runtime"))
    assert [rest for word, rest in words if word == "USER"] == ["securenet"]
    assert words.index(("USER", "securenet")) > runtime


def test_the_images_check_their_health_as_compose_does(services: dict[str, Any]) -> None:
    """Command and health check of an image are those of its service in compose.yaml."""
    words = dockerfile()
    for name, stage in (("api", "service"), ("flower", "flower")):
        own = words[words.index(("FROM", f"runtime AS {stage}")) :]
        check = next(rest for word, rest in own if word == "HEALTHCHECK").partition("CMD ")[2]
        assert ["CMD", *json.loads(check)] == services[name]["healthcheck"]["test"]
        command = json.loads(next(rest for word, rest in own if word == "CMD"))
        expected = words_and_options(services[name]["command"])
        assert words_and_options(command) == expected


def test_the_image_installs_only_pinned_packages() -> None:
    """Every installation in the image uses the lock's pins and resolves nothing."""
    installs = [
        step.strip()
        for word, rest in dockerfile()
        if word == "RUN"
        for step in rest.split("&&")
        if " install " in step or " build " in step
    ]
    assert len(installs) == 8
    for step in installs:
        assert "--no-deps" in step or "--require-hashes --build-constraint constraints.txt" in step
        assert "--require-hashes" in step or "dist/*.whl" in step


@pytest.mark.slow
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
    built = dockerfile().index(("FROM", "build AS build-flower"))
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
