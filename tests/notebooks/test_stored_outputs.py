"""nbval compares the stored outputs with those of a new run on the real stack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]
# 09 runs drills for minutes, which tests/drills do as well.
BOOKS = [str(path) for path in sorted(PROJECT.glob("notebooks/0[1-8]*.ipynb"))]


def nbval(stack: LocalStack, *notebooks: str) -> subprocess.CompletedProcess[str]:
    """Run `pytest --nbval` in the stack's environment."""
    return subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"],
            *["--nbval-cell-timeout", "120", "-p", "no:cacheprovider", *notebooks],
        ],
        cwd=PROJECT,
        env={**os.environ, **stack.environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_the_stored_outputs_are_those_of_any_run(stack: LocalStack) -> None:
    """What a newcomer reads in the repository is what a new run shows.

    One run is enough: what is stored is of another run, on a new stack, and this stack is one that
    other tests have used.
    """
    done = nbval(stack, *BOOKS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout


def test_a_changed_output_is_noticed(stack: LocalStack, tmp_path: Path) -> None:
    """The comparison can fail: an edited output is none of a real run."""
    source = PROJECT / "notebooks" / "03_celery_round_trips_tasks.ipynb"
    edited = tmp_path / source.name
    shutil.copy(source, edited)
    book = nbformat.read(edited, as_version=4)
    sources = [cell.source for cell in book.cells]
    number = next(i for i, source in enumerate(sources) if "three tasks make the round" in source)
    # What follows is compared in the same way, and takes its time.
    book.cells, cell = book.cells[: number + 1], book.cells[number]
    cell.outputs[0].data["text/plain"] = "✔ passed: the three tasks (expected 3, observed 2)"
    nbformat.write(book, edited)
    done = nbval(stack, str(edited))
    assert done.returncode == 1, done.stdout[-4000:]
