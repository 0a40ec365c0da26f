"""Fixtures of all tests: a real Redis, the whole local stack, fresh settings."""

import gc
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import not_
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from securenet_obs.errors import PartNotReadyError, StackError
from securenet_obs.locked_pip import build_pip_environment
from securenet_obs.monitoring.correlation import clear_ids
from securenet_obs.probes.celery.configuration import read_redis_configuration
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.polling import poll_until
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.runner.command import Command
from securenet_obs.runner.console.progress import PlainLines
from securenet_obs.runner.kernel.forked import warm_server
from securenet_obs.runner.kernel.staying import KEEP
from securenet_obs.runner.notebook import import_guard
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.runner.orders import order_for
from securenet_obs.runner.record.verdict import Verdict
from securenet_obs.runner.target import target_of
from securenet_obs.settings import get_settings
from securenet_obs.stack import LocalStack
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.store import REQUEST, TASK, close_engines, discard_engines
from tests.answering_server import AnsweringServer, running_answering_server
from tests.forked_python import ForkedPython
from tests.local_index import PIPS
from tests.long_files import longest_files, order_by_file
from tests.real_parts import PartGuard, mark_stack
from tests.searching import register_profiles
from tests.stores import DATABASES, SERVICES_REQUIRED, PostgresServer, create_sqlite, missing
from tests.traps import trap_table

PROJECT = Path(__file__).parents[1]

# Until all tests are collected; see pytest_runtestloop.
gc.disable()
Living = Callable[[int], list[str]]

register_profiles()
import_guard.block_slow_imports()
GUARD = PartGuard()

# In CI commands require an explicit target. Tests run them as outside of CI, unless they set CI.
if os.environ.pop("CI", ""):
    os.environ[SERVICES_REQUIRED] = "1"

# The background jobs of a shell ignore Ctrl-C, and so would every program that gets it from a test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands that tests call leave no server of warm kernels behind; its own tests want one.
os.environ[KEEP] = "0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need real parts, which `make check` leaves out; begin with long files."""
    mark_stack(items)
    order_by_file(items, longest_files())


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Freeze the modules and tests, since collecting garbage among them took seconds."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard a test against starting real parts if marked tests are left out."""
    left_out = "not stack" in item.config.option.markexpr
    GUARD.test = item.nodeid if left_out else ""
    try:
        return (yield)
    finally:
        GUARD.test = ""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table of measured traps after `make test` and `make slow`."""
    if config.args_source != pytest.Config.ArgsSource.TESTPATHS:
        return
    outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.getreports(outcome):
            name = report.nodeid.split("[")[0].removeprefix("tests/")
            outcomes[name][outcome] += 1
    terminalreporter.section("traps that were measured, and their tests")
    for line in trap_table(outcomes):
        terminalreporter.line(line)


@dataclass(frozen=True)
class RedisServer:
    """A running Redis; `environment` has the variables of its clients."""

    environment: Mapping[str, str]


@pytest.fixture(autouse=True)
def unbound_ids() -> Iterator[None]:
    """Clear the ids that a test has bound: tasks that the next one sends would have its tenant."""
    yield
    clear_ids()


@pytest.fixture(scope="session")
def pips(pytestconfig: pytest.Config) -> dict[str, Path]:
    """Return a folder for each version of pip; each is downloaded once."""
    assert pytestconfig.cache is not None
    cached = pytestconfig.cache.mkdir("pips")
    for version in PIPS:
        if not (cached / version).exists():
            _download_pip(version, cached)
    return {version: cached / version for version in PIPS}


def _download_pip(version: str, cached: Path) -> None:
    # Downloaded to a separate folder first, since two processes of the tests may do so at once.
    part = cached / f"{version}-{os.getpid()}"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", part]
    environment = build_pip_environment(sys.executable)
    done = subprocess.run(
        [*command, f"pip=={version}"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        missing(StackError(f"pip {version} could not be downloaded: {done.stderr}"))
    with suppress(OSError):
        part.rename(cached / version)


@pytest.fixture
def pythons(pips: dict[str, Path], tmp_path: Path) -> Callable[..., str]:
    """Return a function for a Python with virtual environments that have that version of pip.

    They get it by a link: `ensurepip` takes three seconds to install one.
    """

    def python_with(version: str = list(PIPS)[-1]) -> str:
        script = tmp_path / f"python-with-pip-{version}"
        script.write_text(
            "#!/bin/sh\n"
            f'case " $* " in *" -m venv "*) ;; *) exec {sys.executable} "$@";; esac\n'
            "for folder; do :; done\n"
            f'{sys.executable} -m venv --without-pip "$folder" || exit\n'
            'for site in "$folder"/lib/python*/site-packages\n'
            f"do echo {pips[version]} > $site/pip.pth; done\n"
        )
        script.chmod(0o755)
        return str(script)

    return python_with


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Yield a real Redis of this session; its databases are shared by the tests."""
    with Guard() as guard:
        try:
            access = RedisAccess(find_free_ports(1)[0])
            part = create_redis_part(tmp_path_factory.mktemp("redis"), access, guard)
        except StackError as error:
            missing(error)
        with part:
            yield RedisServer(access.environment)


@pytest.fixture(scope="session")
def stack_cache() -> Path:
    """Return the cache of Bugsink's installation that stacks share: the project's own."""
    return PROJECT / ".securenet"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, stack_cache: Path) -> Iterator[LocalStack]:
    """Yield the local stack of the session; a test that changes it restores it."""
    local = LocalStack("tests", tmp_path_factory.mktemp("securenet"), cache=stack_cache)
    try:
        local.start()
    except PartNotReadyError:
        raise
    except StackError as error:
        missing(error)
    yield local
    local.stop()


@dataclass(frozen=True)
class NotebookRun:
    """Outcome of a run: verdict, failed checks, text of its notebook, changes since green."""

    verdict: Verdict
    red: set[str]
    text: str
    changes: list[dict[str, Any]]


@pytest.fixture(scope="session")
def warm() -> Iterator[Callable[[], str]]:
    """Yield the socket of a warm kernel server, on systems that support one."""
    with warm_server() as socket:
        yield socket


@pytest.fixture
def run_notebook(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> Callable[..., NotebookRun]:
    """Return a function that runs one of the project's notebooks as `securenet-obs run` does."""

    def run(
        name: str,
        *parameters: str,
        environment: Mapping[str, str] | None = None,
        cold: bool = False,
        root: Path = PROJECT,
    ) -> NotebookRun:
        variables = {**stack.environment, **(environment or {})}
        target = target_of("tests", variables, local=True)
        progress = PlainLines(Console())
        socket, state = "" if cold else warm(), {"redis": read_redis_configuration}
        command = Command(target, tmp_path / "evidence", progress, warm=socket, state=state)
        outcome = command.run([order_for(find(root, name), parameters)])
        (record,) = outcome.runs
        return NotebookRun(
            outcome.verdict,
            {row.name for row in record.checks if row.outcome == "failed"},
            (outcome.folder / f"{record.run}.ipynb").read_text(),
            outcome.manifest["runs"][0]["changes_since_green"],
        )

    return run


@pytest.fixture(scope="session")
def python() -> Iterator[ForkedPython]:
    """Yield a runner of Python programs that skips the import of libraries."""
    forked = ForkedPython()
    yield forked
    forked.close()


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    """Read the settings anew in this test, and again after it."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Yield a real PostgreSQL of this session, which makes an empty store for each test."""
    with Guard() as guard:
        try:
            server = PostgresServer(tmp_path_factory.mktemp("postgresql"), guard)
        except StackError as error:
            missing(error)
        with server.part:
            server.prepare()
            yield server


@pytest.fixture(params=DATABASES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, on each of the databases."""
    if request.param == "sqlite":
        return create_sqlite(tmp_path / "store.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgresql")
    return server.create_store()


@pytest.fixture
def patient_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests wait for a store as tasks do: a busy PostgreSQL may answer after a second."""
    for name, bound_s in vars(TASK).items():
        monkeypatch.setitem(vars(REQUEST), name, bound_s)


@pytest.fixture
def empty_store(
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    fresh_settings: None,
    patient_requests: None,
) -> Iterator[str]:
    """Let this process use an empty store, on each of the databases; yield its URL."""
    monkeypatch.setenv("DATABASE_URL", store_url)
    discard_engines()
    yield store_url
    close_engines()


@pytest.fixture
def sqlite_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> Iterator[Path]:
    """Let this process use an empty store on SQLite; yield the path of its file."""
    path = tmp_path / "store.sqlite3"
    monkeypatch.setenv("DATABASE_URL", create_sqlite(path))
    discard_engines()
    yield path
    close_engines()


@pytest.fixture
def http_server() -> Iterator[AnsweringServer]:
    """Yield an HTTP server with scripted answers."""
    with running_answering_server() as server:
        yield server


@pytest.fixture(scope="session")
def living() -> Living:
    """Return a function that lists the command lines of a process group's living members."""

    def ask(group: int) -> list[str]:
        listed = subprocess.run(
            ["ps", "-A", "-o", "pgid=,state=,args="], capture_output=True, text=True, check=True
        )
        rows = (line.split(None, 2) for line in listed.stdout.splitlines())
        return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]

    return ask


@pytest.fixture(scope="session")
def remaining(living: Living) -> Living:
    """Return a function that lists the members of a group that SIGKILL has not ended in time."""

    def ask(group: int) -> list[str]:
        return poll_until(lambda: living(group), not_, deadline_s=60, interval_s=0.05)

    return ask
