"""papermill's own notebooks: the runner passes those that papermill passes, and no others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.errors import NotebookError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.notebook.catalog import read_notebook

NOTEBOOKS = Path(__file__).parents[3] / "shared" / "data" / "notebooks"
OF_R = NOTEBOOKS / "papermill" / "notimplemented_translator.ipynb"


@pytest.mark.slow
@pytest.mark.skipif(not NOTEBOOKS.exists(), reason="papermill's notebooks are not here")
def test_papermill_notebooks_get_the_verdicts_that_papermill_gives(
    execute: Callable[..., Outcome],
) -> None:
    """`--plain` passes notebooks of exit status 0 and fails those of exit status 1.

    papermill ran one notebook of R with a Python kernel; the runner refuses another language.
    """
    expected = json.loads((NOTEBOOKS / "expected.json").read_text())
    paths = {
        (NOTEBOOKS / "papermill" / f"{name}.ipynb"): status
        for status in ("0", "1")
        for name in expected[status]
    }
    del paths[OF_R]
    with pytest.raises(NotebookError, match="'R'; only Python notebooks"):
        read_notebook(OF_R, plain=True)
    outcome = execute(*paths, plain=True, jobs=12, cell_deadline_s=14.0)
    verdicts = {row.started["path"]: row.judged["verdict"] for row in outcome.runs if row.judged}
    wrong = {
        path.name: verdicts[str(path)]
        for path, status in paths.items()
        if (verdicts[str(path)] == "passed") != (status == "0")
    }
    assert wrong == {}
