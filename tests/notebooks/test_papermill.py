"""papermill alone runs the notebooks, in a process with the stack's environment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]


# 09 runs drills for minutes, as tests/drills does.
BOOKS = sorted({*PROJECT.glob("notebooks/*.ipynb")} - {*PROJECT.glob("notebooks/09_*.ipynb")})

RUN = """
import json, sys, traceback
from pathlib import Path
import papermill

errors = {}
for path in sys.argv[1:]:
    # 08 would wait for so long: nobody tells it how many workers will answer.
    given = {} if "08_" in path else {"deadline_s": 20}
    try:
        papermill.execute_notebook(path, Path(path).name, given, progress_bar=False)
    except Exception:
        errors[path] = traceback.format_exc()
print(json.dumps(errors))
"""
"""Runs notebooks one after another; importing papermill for each took half of its time."""


def run(paths: list[Path], environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the errors of notebooks that ran in one process: path -> error."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, paths)],
        env={**os.environ, **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    errors: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return errors


@pytest.fixture(scope="module")
def errors(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Path, "Future[dict[str, str]]"]]:
    """Yield each notebook with the errors of the process that runs it, one of two."""
    folder = tmp_path_factory.mktemp("papermill")
    with ThreadPoolExecutor(2) as pool:
        halves = [BOOKS[::2], BOOKS[1::2]]
        runs = [(half, pool.submit(run, half, stack.environment, folder)) for half in halves]
        yield {path: errors for half, errors in runs for path in half}


@pytest.mark.slow
@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_papermill_runs_it(path: Path, errors: dict[Path, "Future[dict[str, str]]"]) -> None:
    """A notebook does not depend on our runner."""
    assert str(path) not in (failed := errors[path].result()), failed[str(path)][-2000:]
