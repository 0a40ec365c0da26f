"""nbval compares the stored outputs with those of a new run on the real stack."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from securenet_obs.stack import LocalStack

PROJECT = Path(__file__).parents[2]
# 09 runs drills for minutes, as tests/drills does.
BOOKS = sorted({*PROJECT.glob("notebooks/*.ipynb")} - {*PROJECT.glob("notebooks/09_*.ipynb")})
EDITED = "edited_output"

Outcomes = dict[str, list[bool]]
"""Name of a notebook -> whether each of its code cells passed."""


def edit(folder: Path) -> Path:
    """Return a copy of a notebook with one output that is not from a real run."""
    edited = folder / f"{EDITED}.ipynb"
    shutil.copy(PROJECT / "notebooks" / "03_celery_round_trips_tasks.ipynb", edited)
    book = nbformat.read(edited, as_version=4)
    sources = [cell.source for cell in book.cells]
    number = next(i for i, source in enumerate(sources) if "three tasks make the round" in source)
    # The remaining cells are compared in the same way, and would take time.
    book.cells, cell = book.cells[: number + 1], book.cells[number]
    cell.outputs[0].data["text/plain"] = "✔ passed: the three tasks (expected 3, observed 2)"
    nbformat.write(book, edited)
    return edited


@pytest.fixture(scope="module")
def outcomes(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Return the results of `pytest --nbval` in the stack's environment, with an edited notebook.

    One run is enough: the stored outputs come from another run on a new stack, and other tests have
    already used this stack.
    """
    folder = tmp_path_factory.mktemp("nbval")
    done = subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"],
            *["--nbval-cell-timeout", "120", "-p", "no:cacheprovider"],
            *[f"--junitxml={folder / 'junit.xml'}", *BOOKS, edit(folder)],
        ],
        cwd=PROJECT,
        env={**os.environ, **stack.environment},
        stdout=subprocess.PIPE,
        text=True,
        timeout=400,
        check=False,
    )
    # pytest shows the output of a failing test.
    print(done.stdout)
    outcomes: Outcomes = {}
    for case in ElementTree.parse(folder / "junit.xml").iter("testcase"):
        name = case.get("classname", "").removesuffix(".ipynb").rpartition(".")[2]
        # pytest has no name for a file outside the project.
        outcomes.setdefault(name or EDITED, []).append(len(case) == 0)
    return outcomes


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_the_stored_outputs_are_those_of_any_run(path: Path, outcomes: Outcomes) -> None:
    """The outputs in the repository equal those of a new run."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert outcomes[path.stem] == [True] * len(cells)


def test_a_changed_output_is_noticed(outcomes: Outcomes) -> None:
    """The comparison fails at the edited cell and at none before it."""
    *before, edited = outcomes[EDITED]
    assert (all(before), edited) == (True, False)
