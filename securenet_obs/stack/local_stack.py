"""`LocalStack`: starts, stops and restarts a stack and its parts in the process that owns them."""

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Self

from securenet_obs.errors import PartNotReadyError, StackError
from securenet_obs.processes.groups import read_start_time
from securenet_obs.processes.guard import Guard
from securenet_obs.processes.ports import find_free_ports
from securenet_obs.settings import MAX_BODY_BYTES, SECURENET_RELEASE, TRACES_SAMPLE_RATE
from securenet_obs.stack.action_file import write_actions
from securenet_obs.stack.part import Part, wait_until_ready
from securenet_obs.stack.parts.broker import RedisAccess, create_redis_part
from securenet_obs.stack.parts.bugsink import BugsinkAccess, create_bugsink_part
from securenet_obs.stack.parts.bugsink_install import install_bugsink
from securenet_obs.stack.parts.oncall import create_oncall_part
from securenet_obs.stack.parts.relay.part import RelayAccess, create_relay_part
from securenet_obs.stack.parts.services import STOP_TASKS_S, create_service_parts
from securenet_obs.stack.parts.validation import create_validation_part
from securenet_obs.stack.state import (
    DEFAULT_NAME,
    PartState,
    ProcessState,
    StackState,
    clear_stale_stack,
    default_root,
    format_stack_command,
    locate_lock_file,
    locate_stack_folder,
    remove_state,
    write_state,
)
from securenet_obs.stack.state_files import lock_state_file

STOP_ORDER = (
    *("worker-validation", "oncall", "beat", "api", "worker", "relay", "bugsink"),
    *("redis", "postgresql"),
)
"""Order of stopping: the producers of work first, its consumers last."""

OPTIONAL_PARTS = frozenset({"oncall", "postgresql", "worker-validation"})
"""Parts that some stacks do not have: the store is a file, the extra `notebooks` is missing, or no
validation worker is wanted."""

StoreKind = Literal["sqlite", "postgres"]

TENANTS = ("tenant-canary", "tenant-a", "tenant-b")
"""Tenants that have a key in API_KEYS from the start; the notebooks act for these."""

ATTEMPTS = 3
"""Maximum number of starts, each with other ports, if another process takes a port first."""


def make_already_running_error(name: str) -> StackError:
    """Return the error for starting a stack that is already running."""
    inspect, stop = (format_stack_command(verb, name) for verb in ("status", "down"))
    return StackError(
        f"The stack {name!r} is already running; inspect it with `{inspect}`, stop it with "
        f"`{stop}`, or choose another name with `--name`."
    )


class LocalStack:
    """A target of real parts on this machine, on loopback ports of its own.

    Args:
        name: identifies the stack in its project; an ephemeral one gets a random name.
        root: folder of all local state, `.securenet` in the working directory by default.
        cache: folder of the shared Bugsink installation, `root` by default.
        store: database of the store.
        validation_worker: whether it has a worker for `validate --on celery`.
        ephemeral: whether its files are removed when it stops; those of a failed start are kept.
        report: receives progress messages, one sentence at a time.
        pythons: service -> its interpreter, for services with other packages than ours.
    """

    def __init__(
        self,
        name: str | None = None,
        root: Path | None = None,
        *,
        cache: Path | None = None,
        store: StoreKind = "sqlite",
        validation_worker: bool = False,
        ephemeral: bool = False,
        report: Callable[[str], None] = lambda _sentence: None,
        pythons: Mapping[str, str] | None = None,
    ) -> None:
        root = root or default_root()
        self.name = name or (f"run-{secrets.token_hex(4)}" if ephemeral else DEFAULT_NAME)
        self.folder = locate_stack_folder(self.name, root)
        self.ephemeral = ephemeral
        self._cache = cache or root
        self._report = report
        self._pythons = dict(pythons or {})
        self._kind = store
        self._has_validation_worker = validation_worker
        self._store = f"sqlite:///{self.folder / 'securenet.sqlite3'}"
        self._tenant_keys: dict[str, str] = {}
        self._environment: dict[str, str] = {}
        self._specifications: dict[str, Part] = {}
        self._parts: dict[str, Part] = {}
        self._dashboard = ("", "", "")
        self._undo = ExitStack()
        self._keeps_logs = False

    @property
    def environment(self) -> dict[str, str]:
        """All variables of the target; merged over an environment, they select this stack only."""
        return dict(self._environment)

    @property
    def parts(self) -> dict[str, Part]:
        """Name -> part, as it was last started."""
        return dict(self._parts)

    @property
    def dashboard(self) -> tuple[str, str, str]:
        """Address, e-mail and password of Bugsink's dashboard."""
        return self._dashboard

    def start(self) -> Self:
        """Start every part and wait until each is ready.

        Raises:
            PartNotReadyError: a part did not become ready; all started parts are stopped.
            StackError: a stack of this name is running, no Redis server is installed, or Bugsink
                could not be installed.
        """
        with ExitStack() as undo:
            if not undo.enter_context(lock_state_file(locate_lock_file(self.folder), wait_s=1)):
                raise make_already_running_error(self.name)
            self._clear_folder()
            guard = undo.enter_context(Guard())
            undo.callback(self._remove_all_but_logs, guard)
            if self.ephemeral:
                guard.remove_at_end(self.folder)
            undo.callback(self._stop_parts)
            self._start_parts(guard)
            self._undo = undo.pop_all()
        return self

    def stop(self) -> None:
        """Stop every part, in order; do nothing if the stack was never started."""
        self._undo.close()

    def keep_logs(self) -> Path:
        """Keep the log files of an ephemeral stack when it stops; return their folder."""
        self._keeps_logs = True
        return self._logs

    def __enter__(self) -> Self:
        """Start the stack."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the stack."""
        self.stop()

    def stop_part(self, name: str) -> None:
        """Stop one part; the others are not changed."""
        self._get_part(name).stop()

    def start_part(
        self,
        name: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        *,
        wait: bool = True,
    ) -> Part:
        """Start a stopped part by its specification, with the changes given here.

        Args:
            name: name of the part.
            environment: variables that override the part's own.
            command: replaces the part's own command.
            wait: whether to wait until it is ready; a fault may keep it from becoming so.

        Raises:
            PartNotReadyError: it did not become ready.
            StackError: it is running, or does not exist.
        """
        if self._get_part(name).is_running():
            raise StackError(f"{name} is already running; stop it first, or restart it.")
        part = self._specifications[name].copy_with(environment or {}, command)
        self._parts[name] = part
        part.launch()
        self._write_state()
        if wait:
            wait_until_ready([part])
        return part

    def restart_part(
        self,
        name: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        *,
        wait: bool = True,
    ) -> Part:
        """Stop a part and start it again; see `start_part`."""
        self.stop_part(name)
        return self.start_part(name, environment, command, wait=wait)

    def rotate_key(self, tenant: str) -> None:
        """Give a tenant another key in API_KEYS, and revoke the one before.

        Raises:
            StackError: the tenant has no key in API_KEYS.
        """
        if tenant not in self._tenant_keys:
            raise StackError(f"{tenant!r} has no key in API_KEYS.")
        from securenet_obs.api.api_keys import replace_key_in

        self._tenant_keys[tenant] = replace_key_in(self._store, tenant, self._tenant_keys[tenant])
        self._environment["API_KEYS"] = self._format_keys()
        self._write_state()

    def _format_keys(self) -> str:
        return ",".join(f"{tenant}={key}" for tenant, key in self._tenant_keys.items())

    def _get_part(self, name: str) -> Part:
        if name not in self._parts:
            known = ", ".join(self._parts) or "none: the stack is not running"
            raise StackError(f"{name!r} is not a part of the stack; its parts are {known}.")
        return self._parts[name]

    @property
    def _logs(self) -> Path:
        return self.folder / "logs"

    def _remove_all_but_logs(self, guard: Guard) -> None:
        """Remove the files of an ephemeral stack that has stopped, if its logs are kept."""
        if not (self.ephemeral and self._keeps_logs):
            return
        guard.cancel_removal()
        for leftover in self.folder.iterdir():
            if leftover.is_dir() and leftover != self._logs:
                shutil.rmtree(leftover, ignore_errors=True)
            elif leftover.is_file():
                leftover.unlink(missing_ok=True)

    def _clear_folder(self) -> None:
        """Empty the folder except for the lock file, which we hold."""
        clear_stale_stack(self.folder)
        self.folder.chmod(0o700)
        for leftover in self.folder.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover)
            elif leftover != locate_lock_file(self.folder):
                leftover.unlink()

    def _start_parts(self, guard: Guard) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start_parts_once(guard)
            except PartNotReadyError as error:
                if attempt == ATTEMPTS or "in use" not in str(error):
                    guard.cancel_removal()
                    raise
                self._stop_parts()
            else:
                return

    def _start_database(self, guard: Guard) -> dict[str, Part]:
        """Start the database of the store unless it is a file, and fill a new store."""
        if self._kind == "sqlite":
            if not self._tenant_keys:
                self._fill_store()
            return {}
        from securenet_obs.stack.parts.database import PostgresAccess, create_postgresql_part

        access = PostgresAccess(find_free_ports(1)[0])
        folder = self.folder / "postgresql"
        shutil.rmtree(folder, ignore_errors=True)
        self._parts = {"postgresql": create_postgresql_part(folder, access, guard)}
        self._parts["postgresql"].start()
        self._store = access.url()
        self._fill_store()
        return self._parts

    def _fill_store(self) -> None:
        # Imported here: only a start needs SQLAlchemy, which takes as long to load as all the rest.
        from securenet_obs.api.api_keys import create_keys_in
        from securenet_obs.stack.samples import store_samples
        from securenet_obs.store.migration import migrate

        migrate(self._store)
        self._tenant_keys = create_keys_in(self._store, TENANTS, "local stack")
        store_samples(self._store, TENANTS)

    def _start_parts_once(self, guard: Guard) -> None:
        database = self._start_database(guard)
        redis_port, bugsink_port, relay_port, api_port = find_free_ports(4)
        redis_access = RedisAccess(redis_port)
        bugsink_access = BugsinkAccess(bugsink_port)
        relay_access = RelayAccess(relay_port, bugsink_access)
        self._dashboard = (bugsink_access.url, bugsink_access.email, bugsink_access.password)
        self._environment = self._build_environment(redis_access, relay_access, api_port)
        self._write_state()
        redis = create_redis_part(self.folder / "redis", redis_access, guard)
        installation = install_bugsink(self._cache, guard, self._report)
        bugsink = create_bugsink_part(self.folder / "bugsink", bugsink_access, installation, guard)
        relay = create_relay_part(self.folder / "relay", relay_access, guard)
        services = create_service_parts(
            self.folder, api_port, self._environment, guard, self._pythons
        )
        services |= create_oncall_part(self.folder / "oncall", self._environment, guard)
        if self._has_validation_worker:
            folder = self.folder / "worker-validation"
            services |= create_validation_part(folder, self._environment, guard)
        sentry = {"bugsink": bugsink, "relay": relay}
        self._specifications = {**database, "redis": redis, **sentry, **services}
        self._parts = dict(self._specifications)
        # Redis first, which takes only a moment: the others log errors while there is none.
        redis.start()
        for part in (*sentry.values(), *services.values()):
            part.launch()
        self._write_state()
        wait_until_ready(self._parts.values())

    def _stop_parts(self) -> None:
        for name in STOP_ORDER:
            if name in self._parts:
                self._parts[name].stop()
        remove_state(self.folder)

    def _build_environment(
        self, redis_access: RedisAccess, relay_access: RelayAccess, api_port: int
    ) -> dict[str, str]:
        loopback = "127.0.0.1,localhost"
        return {
            **redis_access.environment,
            **relay_access.environment,
            "ENVIRONMENT": "local",
            "SECURENET_RELEASE": SECURENET_RELEASE,
            "SECURENET_COMMIT": "",
            "LOG_LEVEL": "INFO",
            "LOG_FORMAT": "json",
            "LOG_SCHEMA_WAIVERS": "",
            "LOG_SOURCE": str(self._logs),
            "SENTRY_TRACES_SAMPLE_RATE": str(TRACES_SAMPLE_RATE),
            "SENTRY_TRACES_RATES": "GET /health/=0",
            "DATABASE_URL": self._store,
            "API_URL": f"http://127.0.0.1:{api_port}",
            "API_KEYS": self._format_keys(),
            "MAX_BODY_BYTES": str(MAX_BODY_BYTES),
            "METRICS_ENABLED": "true",
            "DIAGNOSTICS_ENABLED": "true",
            "SCHEDULE_CANARY_S": "4",
            "ADVISORIES_SOURCE": "",
            "ADVISORIES_MAX_AGE_D": "30",
            "EXPLOITED_SOURCE": "",
            "RETENTION_RESULTS_D": "1",
            "RETENTION_EFFECTS_D": "7",
            "RETENTION_PROCESSED_D": "7",
            "RETENTION_DEAD_LETTERS_D": "90",
            "RETENTION_MINUTES_D": "400",
            "RETENTION_FINDINGS_D": "365",
            "RETENTION_INVENTORIES_D": "90",
            "RETENTION_EVIDENCE_D": "90",
            "WORKER_STOP_S": str(STOP_TASKS_S),
            "RUNBOOK_ACTIONS": str(write_actions(self.folder)),
            "ONCALL_CONTACTS": "everything: the person at this keyboard",
            # A stack on this machine notifies nobody, and has no schedule of validations.
            **dict.fromkeys(("NOTIFY_URLS", "VALIDATION_SCHEDULE"), ""),
            **dict.fromkeys(("VALIDATION_BROKER_URL", "VALIDATION_TARGETS"), ""),
            "VALIDATION_EVIDENCE": self._shared_evidence(),
            "NOTIFY_AFTER_S": "0",
            "DOSSIERS_FOLDER": str(self.folder / "dossiers"),
            "SENTRY_HOOK_SECRET": secrets.token_urlsafe(24),
            "ALERTMANAGER_TOKEN": secrets.token_urlsafe(24),
            "DIAGNOSTICS_KEY": secrets.token_urlsafe(24),
            # The user's proxy cannot reach our loopback.
            **dict.fromkeys(("NO_PROXY", "no_proxy"), loopback),
        }

    def _shared_evidence(self) -> str:
        """Return the shared place of the validation worker; empty without one."""
        folder = self.folder / "validation-evidence"
        return folder.absolute().as_uri() if self._has_validation_worker else ""

    def _write_state(self) -> None:
        started = {name: part for name, part in self._parts.items() if part.pid}
        owner = ProcessState(os.getpid(), read_start_time(os.getpid()))
        parts = {
            name: PartState(part.pid, part.start_time, part.since, part.address, str(part.log))
            for name, part in started.items()
        }
        state = StackState(
            self.name, owner, self.ephemeral, self._environment, self._dashboard, parts
        )
        write_state(self.folder, state)
