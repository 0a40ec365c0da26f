"""Installs Bugsink once for all stacks: a virtual environment and a migrated, empty database.

Bugsink's wheel installs top-level modules with generic names (`events`, `projects`, `api`), so it
must not share an environment with anything else.
"""

import hashlib
import os
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.locked_pip import (
    LOCKED,
    build_pip_environment,
    explain_pip_failure,
    format_pip_progress,
)
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.state_files import lock_state_file

REPORT_EVERY_S = 3.0
"""Seconds between two progress reports of an installation."""

_REQUIREMENTS = Path(__file__).with_name("bugsink-requirements.txt")


def _read_pinned_version() -> str:
    (version,) = re.findall(r"(?m)^bugsink==(\S+)", _REQUIREMENTS.read_text())
    return str(version)


BUGSINK_VERSION = _read_pinned_version()


@dataclass(frozen=True)
class BugsinkInstallation:
    """Folder of a Bugsink installation."""

    folder: Path

    @property
    def python(self) -> Path:
        """Interpreter of Bugsink's virtual environment."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def template(self) -> Path:
        """Migrated, empty database."""
        return self.folder / "template.sqlite3"


def install_bugsink(
    cache: Path, guard: Guard, report: Callable[[str], None]
) -> BugsinkInstallation:
    """Return the Bugsink installation below `cache`; install it first if it is missing.

    It is built in a temporary folder and renamed once complete, so a visible one is usable.

    Raises:
        StackError: the installation failed.
    """
    installation = _locate(cache)
    cache_folder = installation.folder.parent
    with lock_state_file(cache_folder / "lock"):
        if installation.python.exists():
            return installation
        report(f"Installing Bugsink {BUGSINK_VERSION}, once, into {cache_folder}")
        log = cache_folder / "install.log"
        log.unlink(missing_ok=True)
        _remove_partial(cache_folder)
        partial = BugsinkInstallation(cache_folder / f"partial-{secrets.token_hex(4)}")
        partial.folder.mkdir()
        try:
            with _report_progress(log, report):
                _install(partial, guard, log)
            shutil.rmtree(installation.folder, ignore_errors=True)
            partial.folder.rename(installation.folder)
        finally:
            shutil.rmtree(partial.folder, ignore_errors=True)
    return installation


def find_bugsink(cache: Path) -> BugsinkInstallation | None:
    """Return the Bugsink installation below `cache`; None if it is missing."""
    installation = _locate(cache)
    return installation if installation.python.exists() else None


def _locate(cache: Path) -> BugsinkInstallation:
    """Return the place of this version's installation, whether or not it exists."""
    folder = cache.resolve() / f"bugsink-{BUGSINK_VERSION}" / _compute_key()
    return BugsinkInstallation(folder)


def _compute_key() -> str:
    """Return the cache key of an installation: Python version and digest of the pinned packages."""
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    return f"python{sys.version_info.major}.{sys.version_info.minor}-{digest[:12]}"


def _remove_partial(cache_folder: Path) -> None:
    for leftover in cache_folder.glob("partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _install(partial: BugsinkInstallation, guard: Guard, log: Path) -> None:
    def run(environment: Mapping[str, str], *command: str) -> bool:
        return not guard.run(command, folder=partial.folder, environment=environment, log=log)

    venv, python = partial.folder / "venv", str(partial.python)
    if not run(os.environ, sys.executable, "-I", "-m", "venv", str(venv)):
        raise _make_install_error(
            f"no virtual environment was created: {_read_last_line(log)}", log
        )
    environment = {"PIP_RETRIES": "2", **build_pip_environment(python)}
    environment["DJANGO_SETTINGS_MODULE"] = "bugsink_conf"
    pip = (environment, python, "-I", "-m", "pip")
    if not (run(*pip, *LOCKED, "-r", str(_REQUIREMENTS)) and run(*pip, "check")):
        raise _make_install_error(explain_pip_failure(_read_log(log), venv), log)
    (partial.folder / "bugsink_conf.py").write_text(
        "from bugsink.settings.default import *\n"
        'SECRET_KEY = "for the migration only"\n'
        f"DATABASES['default']['NAME'] = {str(partial.template)!r}\n"
    )
    if not run(environment, python, "-m", "bugsink.scripts.manage", "migrate"):
        raise _make_install_error(f"the database migration failed: {_read_last_line(log)}", log)


def _make_install_error(failure: str, log: Path) -> StackError:
    sentence = f"Bugsink {BUGSINK_VERSION} could not be installed: {failure} (the output: {log})"
    return StackError(sentence)


def _read_last_line(log: Path) -> str:
    return (_read_log(log).strip().splitlines() or ["no output"])[-1].strip()


@contextmanager
def _report_progress(log: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Report the progress of the installation every few seconds."""
    ended, started = threading.Event(), time.monotonic()

    def watch() -> None:
        while not ended.wait(REPORT_EVERY_S):
            seconds = time.monotonic() - started
            state = _describe_state(_read_log(log))
            report(f"Installing Bugsink {BUGSINK_VERSION}: {state} ({seconds:.0f} s)")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _describe_state(log: str) -> str:
    if "Running migrations" in log:
        return f"migrating its database, {log.count('... OK')} migrations so far"
    if "Successfully installed" in log:
        return "preparing its database"
    if not log:
        return "creating its virtual environment"
    return format_pip_progress(log, _REQUIREMENTS.read_text())


def _read_log(log: Path) -> str:
    return log.read_text(errors="replace") if log.exists() else ""
