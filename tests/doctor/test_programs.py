from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.doctor import programs
from securenet_obs.errors import StackError

REDIS = programs.PROGRAMS[0]


def raising() -> str:
    raise StackError("none")


def examine(program: programs.Program, monkeypatch: pytest.MonkeyPatch, *, needed: bool) -> str:
    monkeypatch.setattr(programs, "PROGRAMS", (program,))
    (found,) = programs.examine_programs(is_stack_needed=needed)
    return f"{found.state} {found.remedy}".strip()


def test_a_missing_program_is_needed_where_a_stack_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is the command of the system's package manager."""
    for platform, remedy in (
        ("linux", "apt-get install redis-server"),
        ("darwin", "brew install redis"),
    ):
        monkeypatch.setattr(programs.sys, "platform", platform)
        absent = replace(REDIS, find=raising)
        assert examine(absent, monkeypatch, needed=True) == f"missing {remedy}"
        assert examine(absent, monkeypatch, needed=False) == f"optional {remedy}"
        assert examine(replace(absent, find=lambda: None), monkeypatch, needed=True) != "ok"


@pytest.mark.stack
@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("echo Redis server v=7.2.4 sha=0", "ok"),
        ("echo Redis server v=5.0.1 sha=0", "missing apt-get install redis-server"),
        ("exit 3", "missing apt-get install redis-server"),
    ],
)
def test_a_redis_server_must_start_with_a_good_version(
    script: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is known as bad, or does not start, is missing."""
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(programs.sys, "platform", "linux")
    found = examine(replace(REDIS, find=lambda: program), monkeypatch, needed=True)
    assert found == state


def test_every_program_has_a_remedy_for_both_systems() -> None:
    """Debian's package is named for each, and Homebrew's."""
    assert all(program.debian and program.brew for program in programs.PROGRAMS)
