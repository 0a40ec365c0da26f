"""A second local stack as a target file, without drills and diagnostics, passes with skips."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.runner.kernel.forked import SOCKET
from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]
OTHERS = {"SENTRY_DSN": "https://key@nowhere.example/1", "REDIS_URL": "redis://nowhere.example"}
"""Another target's variables in the calling shell, which the command must ignore."""


@pytest.mark.slow
def test_it_is_green_with_its_skips(
    stack: LocalStack, warm: Callable[[], str], tmp_path: Path
) -> None:
    """Notebooks and checks are skipped with a reason, and all others are judged."""
    variables = {
        name: value for name, value in stack.environment.items() if "DIAGNOSTICS" not in name
    }
    target = tmp_path / "second.env"
    target.write_text("".join(f"export {name}='{value}'\n" for name, value in variables.items()))
    command = [sys.executable, "-m", "securenet_obs", "validate", "--json", "--target", target]
    done = subprocess.run(
        [*command, "--root", PROJECT],
        cwd=tmp_path,
        env={**os.environ, **OTHERS, SOCKET: warm()},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    runs = {row["notebook"][:2]: row for row in json.loads(done.stdout)["runs"]}
    skipped = {name: row["reason"] for name, row in runs.items() if row["verdict"] == "skipped"}
    assert skipped.keys() == {"04", "05", "09", "10"}
    assert "diagnostics are off" in skipped["04"]
    assert "not a local stack" in skipped["09"]
    assert "not a local stack" in skipped["10"]
    assert {row["verdict"] for row in runs.values()} == {"passed", "skipped"}
    checks = {name: row["checks"]["skipped"] for name, row in runs.items()}
    assert checks == {**dict.fromkeys(runs, 0), "01": 3, "02": 1, "06": 1, "11": 1}
