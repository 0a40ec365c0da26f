"""Diagnoses of programs of the system: Redis, PostgreSQL, libfaketime, Chromium."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.doctor.diagnosis import Diagnosis, name_absence
from securenet_obs.drills.faults.clock import find_libfaketime
from securenet_obs.errors import StackError
from securenet_obs.probes.celery.versions import find_bad_versions
from securenet_obs.stack.parts.broker import find_redis_server
from securenet_obs.stack.parts.database import find_postgresql

_TIMEOUT_S = 10


@dataclass(frozen=True)
class Program:
    """A program of the system.

    Attributes:
        name: its name.
        find: returns its path, or None; it may raise StackError.
        needed_for: features that need it.
        debian: Debian's package.
        brew: Homebrew's package; empty if there is none.
        is_of_stack: whether every local stack needs it.
    """

    name: str
    find: Callable[[], Path | str | None]
    needed_for: str
    debian: str
    brew: str = ""
    is_of_stack: bool = False


def _find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


PROGRAMS = (
    Program("redis-server", find_redis_server, "the local stack", "redis-server", "redis", True),
    Program("PostgreSQL", find_postgresql, "`up --store postgres`", "postgresql", "postgresql@17"),
    Program("libfaketime", find_libfaketime, "the drill clock-off", "faketime", "libfaketime"),
    Program("chromium", _find_chromium, "`make browser`, tests of pages", "chromium", "chromium"),
)
"""The programs, the needed one first."""


def examine_programs(*, is_stack_needed: bool) -> Iterator[Diagnosis]:
    """Diagnose each program; those that only a local stack needs are optional without one."""
    for program in PROGRAMS:
        is_needed = program.is_of_stack and is_stack_needed
        yield _examine(program, is_needed=is_needed)


def _examine(program: Program, *, is_needed: bool) -> Diagnosis:
    absent = name_absence(is_needed=is_needed)
    try:
        found = program.find()
    except StackError:
        found = None
    remedy = _install(program)
    if not found:
        return Diagnosis(program.name, absent, "not installed", program.needed_for, remedy)
    if program.is_of_stack and (problem := _find_bad_redis(str(found))):
        return Diagnosis(program.name, absent, problem, program.needed_for, remedy)
    return Diagnosis(program.name, "ok", str(found), program.needed_for)


def _find_bad_redis(path: str) -> str:
    """Return why a Redis server must not run by its version; empty if it may."""
    try:
        done = subprocess.run(  # noqa: S603
            [path, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{path} does not start: {type(error).__name__}"
    number = re.search(r"v=(\d+\.\d+\.\d+)", done.stdout)
    return "; ".join(find_bad_versions({"redis": number[1]})) if number else ""


def _install(program: Program) -> str:
    if sys.platform == "darwin" and program.brew:
        return f"brew install {program.brew}"
    return f"apt-get install {program.debian}"
