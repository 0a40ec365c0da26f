"""Bugsink's own virtual environment and its migrated, empty database; made once, shared by stacks.

Bugsink's wheel installs top-level modules with generic names (`events`, `projects`, `api`), so it
must not share an environment with anything else.
"""

import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.errors import StackError
from securenet_obs.stack.guard import Guard
from securenet_obs.stack.locks import file_lock

BUGSINK_VERSION = "2.6.1"

_REQUIREMENTS = Path(__file__).with_name("bugsink-requirements.txt")


@dataclass(frozen=True)
class BugsinkHome:
    """Where Bugsink was installed."""

    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter that has Bugsink."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def template(self) -> Path:
        """A migrated database with nothing in it."""
        return self.folder / "template.sqlite3"


def install_bugsink(cache: Path, guard: Guard, report: Callable[[str], None]) -> BugsinkHome:
    """Return where Bugsink is installed below `cache`; install it first if need be.

    It is made in a folder of its own and renamed when it is whole, so whoever sees it can use it.

    Raises:
        StackError: it could not be installed.
    """
    house = cache.resolve() / f"bugsink-{BUGSINK_VERSION}"
    home = BugsinkHome(house / _key())
    with file_lock(house / "lock"):
        if home.python.exists():
            return home
        report(f"Installing Bugsink {BUGSINK_VERSION}, once, into {house}")
        _clean(house)
        made = BugsinkHome(house / f"partial-{secrets.token_hex(4)}")
        made.folder.mkdir()
        try:
            _install(made, guard, house / "install.log")
            shutil.rmtree(home.folder, ignore_errors=True)
            made.folder.rename(home.folder)
        finally:
            shutil.rmtree(made.folder, ignore_errors=True)
    return home


def _key() -> str:
    """Name what decides whether an installation still fits: this Python and the pinned parts."""
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    return f"python{sys.version_info.major}.{sys.version_info.minor}-{digest[:12]}"


def _clean(house: Path) -> None:
    for left in house.glob("partial-*"):
        shutil.rmtree(left, ignore_errors=True)


def _install(made: BugsinkHome, guard: Guard, log: Path) -> None:
    log.unlink(missing_ok=True)
    # Pip reads its index and its certificates from the user's environment and settings.
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bugsink_conf",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONPATH": "",
    }
    python = str(made.python)
    pip = [python, "-I", "-m", "pip", "install", "--retries", "2", "--require-hashes"]
    (made.folder / "bugsink_conf.py").write_text(
        "from bugsink.settings.default import *\n"
        'SECRET_KEY = "for the migration only"\n'
        f"DATABASES['default']['NAME'] = {str(made.template)!r}\n"
    )
    steps: list[Sequence[str]] = [
        [sys.executable, "-I", "-m", "venv", str(made.folder / "venv")],
        [*pip, "-r", str(_REQUIREMENTS)],
        [python, "-m", "bugsink.scripts.manage", "migrate", "--verbosity", "0"],
    ]
    for step in steps:
        if guard.run(step, folder=made.folder, environment=environment, log=log):
            raise StackError(
                f"Bugsink {BUGSINK_VERSION} could not be installed, which the first start needs a "
                f"network for: {_reason(log)} The whole output is in {log}."
            )


def _reason(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or ["no output"]
    return errors[0].removeprefix("ERROR:").strip().rstrip(".") + "."
