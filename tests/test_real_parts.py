"""Tests that need real parts are marked, and other tests cannot start one."""

import os
import subprocess
import sys

import pytest

from tests.forked_python import ForkedPython
from tests.real_parts import PartGuard, UnmarkedError, mark_stack, part_of


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["/usr/bin/redis-server", "--port", "1"], "redis-server"),
        (["python", "guard.py", "/opt/valkey-server"], "valkey-server"),
        ([b"python", "-m", "celery", "-A", "app", "worker"], "celery worker"),
        (["python", "-m", "uvicorn", "app"], "uvicorn"),
        (
            ["python", "-P", "-m", "securenet_obs.runner.kernel.main"],
            "securenet_obs.runner.kernel.main",
        ),
        (["python", "-m", "securenet_obs", "redact"], ""),
        (["python", "-m", "celery", "-A", "app", "report"], ""),
        (["python", "-c", "pass", "-m"], ""),
        ("true", ""),
    ],
)
def test_a_real_part_is_recognised_by_its_command_line(command: list[str] | str, part: str) -> None:
    """Servers by their program, services and kernels by their module and its command."""
    assert part_of(command) == part


def test_the_guard_refuses_a_part(python: ForkedPython) -> None:
    """The process is not started or forked; the error has the test's name and the mark."""
    guard = PartGuard()
    guard.test = "a_test.py::test_it"
    command = ["-m", "uvicorn", "--version"]
    try:
        with pytest.raises(UnmarkedError, match="starts uvicorn: mark it with"):
            subprocess.run([sys.executable, *command], check=False)
        with pytest.raises(UnmarkedError, match="starts uvicorn: mark it with"):
            python.start(command, env=os.environ, output=1)
    finally:
        guard.test = ""
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_a_fixture_of_a_fixture_marks_a_test(request: pytest.FixtureRequest) -> None:
    """The fixtures of a test decide, not a list of tests."""
    here: pytest.Item = request.node
    mark_stack([here])
    assert here.get_closest_marker("stack") is None
    here.fixturenames.append("redis_server")  # type: ignore[attr-defined]
    mark_stack([here])
    assert here.get_closest_marker("stack") is not None
