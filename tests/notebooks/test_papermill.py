"""papermill alone runs the notebooks, in a shell that has the stack's environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]


# 09 runs drills for minutes, which tests/drills do as well.
BOOKS = sorted(PROJECT.glob("notebooks/0[1-8]*.ipynb"))

PATIENT = ["-p", "deadline_s", "20"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_papermill_runs_it(path: Path, stack: LocalStack, tmp_path: Path) -> None:
    """Nothing in a notebook needs our runner."""
    # 08 would wait for so long three times: nobody tells it how many workers will answer.
    given = [] if path.stem.startswith("08") else PATIENT
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(path), str(tmp_path / "out.ipynb"), *given],
        env={**os.environ, **stack.environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
