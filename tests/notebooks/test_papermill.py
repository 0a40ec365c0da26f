"""papermill alone runs the notebooks, in a shell that has the stack's environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(PROJECT.glob("notebooks/*.ipynb")), ids=lambda p: p.stem)
def test_papermill_runs_it(path: Path, stack: LocalStack, tmp_path: Path) -> None:
    """Nothing in a notebook needs our runner."""
    done = subprocess.run(
        [
            *[sys.executable, "-m", "papermill", str(path), str(tmp_path / "out.ipynb")],
            *["-p", "deadline_s", "20"],
        ],
        env={**os.environ, **stack.environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
