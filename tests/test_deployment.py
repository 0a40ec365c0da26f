"""DEPLOYMENT.md: its manifests, commands and table hold for the project as it is."""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy import make_url

from securenet_obs.errors import StackError
from securenet_obs.locked_pip import build_pip_environment
from securenet_obs.oncall.actions.action_file import read_entries
from securenet_obs.runner.notebook.catalog import read_notebook
from securenet_obs.settings import Settings
from securenet_obs.store.schema import VERSION
from tests.stores import (
    PostgresServer,
    create_sqlite,
    libpq_url,
    missing,
    required_postgresql,
)

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "DEPLOYMENT.md").read_text()
SERVICES: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text())["services"]
KUBERNETES = "1.34"
VALIDATOR = "kubernetes_validate-1.37.0-py3-none-any.whl"
DIGEST = "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9"
VALIDATE = """
import importlib.resources, sys, yaml
sys.modules["importlib_resources"] = importlib.resources
sys.path.insert(0, sys.argv[1])
import kubernetes_validate
for item in yaml.safe_load(sys.stdin)["items"]:
    kubernetes_validate.validate(item, sys.argv[2], strict=True)
"""


def manifests() -> str:
    """Return the manifests of the page, a list of Kubernetes in YAML."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return text


def containers() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return the container of each job and deployment with its pod, by name without the prefix."""
    found = {}
    for item in yaml.safe_load(manifests())["items"]:
        if item["kind"] in {"Deployment", "Job"}:
            pod = item["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            found[item["metadata"]["name"].removeprefix("securenet-")] = (pod, container)
    return found


def commands(section: str) -> list[str]:
    """Return the shell commands of a section."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [block.strip() for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]


@pytest.fixture(scope="session")
def validator(pytestconfig: pytest.Config) -> Path:
    """Return the wheel of kubernetes-validate, downloaded once: its 17,000 files stay packed."""
    assert pytestconfig.cache is not None
    wheel = pytestconfig.cache.mkdir("kubernetes") / VALIDATOR
    if not wheel.exists():
        name, version, *_ = VALIDATOR.split("-")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", f"{name}=={version}"]
        done = subprocess.run(
            [*command, "--dest", wheel.parent],
            env=build_pip_environment(sys.executable),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            missing(StackError(f"kubernetes-validate could not be downloaded: {done.stderr}"))
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == DIGEST
    return wheel


@pytest.mark.slow
@pytest.mark.parametrize("typo", ["", "periodSeconds"])
def test_kubernetes_accepts_the_manifests(validator: Path, typo: str) -> None:
    """Each object fits the schema of its kind, which knows every field; a misspelt one does not."""
    text = manifests().replace(typo, f"{typo}X", 1) if typo else manifests()
    done = subprocess.run(
        [sys.executable, "-c", VALIDATE, validator, KUBERNETES],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if typo else 0), done.stderr


@pytest.mark.parametrize(
    "name", ["api", "worker-quick", "worker-long", "beat", "worker-validation"]
)
def test_pods_run_the_commands_of_compose(name: str) -> None:
    """Command, name and limit of memory are those of the service in compose.yaml."""
    service, (_, container) = SERVICES[name], containers()[name]
    concurrency = "--concurrency=${WORKER_CONCURRENCY:-2}"
    expected = [word.replace(concurrency, "--concurrency=2") for word in service["command"]]
    assert container["args"] == expected
    variables = {each["name"]: each["value"] for each in container["env"]}
    assert variables["SERVICE_NAME"] == service["environment"]["SERVICE_NAME"]
    limit = container["resources"]["limits"]["memory"]
    assert limit.lower().removesuffix("i") == service["mem_limit"]


def test_probes_execute_something() -> None:
    """Workers execute canaries and beat has ticked; an outage of Redis restarts none of them."""
    found = containers()
    for name in ("worker-quick", "worker-long", "beat", "worker-validation"):
        for kind in ("startupProbe", "livenessProbe"):
            *_, script = found[name][1][kind]["exec"]["command"]
            probe = SERVICES[name]["healthcheck"]["test"]
            own = probe[-1] if name != "beat" else " ".join(probe[1:])
            assert script == f"{own.replace('$$', '$')} || [ $? = 6 ]"
    assert found["api"][1]["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert found["api"][1]["livenessProbe"]["httpGet"]["path"] == "/health/live"


def test_pods_have_no_more_rights_than_containers() -> None:
    """Each runs as the image's user, on a read-only file system, without capabilities."""
    image = (PROJECT / "Dockerfile").read_text()
    for pod, container in containers().values():
        assert f"--uid {pod['securityContext']['runAsUser']} " in image
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        paths = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert paths == {"/tmp", "/var/lib/securenet"}


def test_a_worker_pod_has_time_to_stop() -> None:
    """Kubernetes waits for longer than a worker gives its tasks."""
    stop_s = Settings.model_fields["worker_stop_s"].default
    for name in ("worker-quick", "worker-long", "worker-validation"):
        assert containers()[name][0]["terminationGracePeriodSeconds"] > stop_s


def test_commands_name_the_namespace() -> None:
    """One that does not reads and changes another one."""
    found = re.findall(r"`(kubectl [^`]*)`|^(kubectl .*)$", PAGE, re.MULTILINE)
    acting = [inline or line for inline, line in found if "create namespace" not in line]
    assert len(acting) >= 4
    assert [command for command in acting if "--namespace securenet" not in command] == []


def test_runbooks_act_on_these_deployments() -> None:
    """The named actions for Kubernetes name deployments of the manifests, and their pods."""
    entries = read_entries(str(PROJECT / "securenet_obs/oncall/actions/examples/kubectl.toml"))
    named = {
        word.removeprefix("deployment/securenet-")
        for entry in entries.values()
        for word in entry.command
        if word.startswith("deployment/") and "{" not in word
    }
    # Deployments of one's own, with the scripts that the file describes.
    assert named - containers().keys() == {"rotation", "tickets"}
    pattern = entries["restart_worker"].parameters["worker"]
    for name in ("worker-quick", "worker-long"):
        assert re.fullmatch(pattern, f"worker@securenet-{name}-5d8c7b9f6d-x2x4z")


def test_the_validations_are_those_of_the_notebooks() -> None:
    """The table has the needs of each notebook, and the reason why it may run in production."""
    section = PAGE.split("\n## Validations in production\n")[1].split("\n## ")[0]
    table = {
        name: tuple(cell.strip() for cell in cells.split("|")[:3])
        for name, cells in re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    }
    expected = {}
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        declared = read_notebook(path).declared
        if declared.kind == "validation":
            assert not declared.acts
            alone = declared.exclusive or "local-stack" in declared.needs
            safety = "diagnostics" if "diagnostics" in declared.needs else "safe"
            needs, optional = ", ".join(declared.needs), ", ".join(declared.optional_needs)
            expected[path.stem] = (needs, optional, "never" if alone else safety)
    assert table == expected


@pytest.mark.stack
def test_the_services_have_their_rights_after_a_migration(postgresql: PostgresServer) -> None:
    """The statements of the page hold for the tables of later migrations, too."""
    section = PAGE.split("\n## Store\n")[1].split("\n## ")[0]
    (statements,) = re.findall(r"```\n(GRANT .*?)```", section, re.DOTALL)
    with psycopg.connect(libpq_url(postgresql.create_store()), autocommit=True) as owner:
        owner.execute("CREATE ROLE services_of_the_page")
        owner.execute(statements.replace(" services;", " services_of_the_page;").encode())
        owner.execute("CREATE TABLE later (id BIGSERIAL)")
        for name in ("submissions", "later"):
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                query = "SELECT has_table_privilege('services_of_the_page', %s, %s)"
                assert owner.execute(query, (name, right)).fetchone() == (True,), (name, right)
        query = "SELECT has_sequence_privilege('services_of_the_page', 'later_id_seq', 'USAGE')"
        assert owner.execute(query).fetchone() == (True,)


@pytest.mark.stack
def test_postgresql_is_restored_from_its_backup(postgresql: PostgresServer, tmp_path: Path) -> None:
    """The commands of the page bring back each row, also to a server without the services' role."""
    url = make_url(postgresql.create_store())
    services = make_url(postgresql.create_role(url.render_as_string(False))).username
    postgresql.execute("DROP DATABASE IF EXISTS securenet_restored")
    environment = {
        "PATH": f"{required_postgresql()}:{os.environ['PATH']}",
        "PGHOST": str(url.host),
        "PGPORT": str(url.port),
        "PGUSER": str(url.username),
        "PGPASSWORD": str(url.password),
    }
    query = ["psql", "--tuples-only", "--no-align", "--command"]

    def read(database: str, statement: str) -> str:
        done = subprocess.run(
            [*query, statement, database],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    read(str(url.database), "CREATE TABLE kept AS SELECT 'row' AS value")
    dump, restore = commands("Backup and restore")[:2]
    dump = re.sub(r" securenet$", f" {url.database}", dump)
    subprocess.run(["sh", "-ec", dump], cwd=tmp_path, env=environment, check=True)
    read(str(url.database), f"DROP OWNED BY {services}; DROP ROLE {services}")
    subprocess.run(["sh", "-ec", restore], cwd=tmp_path, env=environment, check=True)
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
    try:
        assert (
            read("securenet_restored", "SELECT version_num FROM alembic_version") == f"{VERSION}\n"
        )
        assert read("securenet_restored", "SELECT value FROM kept") == "row\n"
        assert read("securenet_restored", tables) == read(str(url.database), tables)
    finally:
        postgresql.execute("DROP DATABASE securenet_restored")


def test_sqlite_is_restored_from_its_backup(tmp_path: Path) -> None:
    """The backup has the rows that are in the write-ahead log alone."""
    path = tmp_path / "securenet.sqlite3"
    create_sqlite(path)
    backup = commands("Backup and restore")[2]
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("CREATE TABLE kept (value TEXT)")
        store.execute("INSERT INTO kept VALUES ('row')")
        store.commit()
        environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(["sh", "-ec", backup], cwd=tmp_path, env=environment, check=True)
    with closing(sqlite3.connect(tmp_path / "securenet.backup")) as restored:
        assert restored.execute("SELECT value FROM kept").fetchall() == [("row",)]
        assert restored.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (VERSION,)
        ]
