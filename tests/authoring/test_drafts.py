from pathlib import Path

import pytest

from securenet_obs.authoring import lint_file, write_draft
from securenet_obs.authoring.drafts import Kind
from securenet_obs.errors import NotebookError
from securenet_obs.runner.notebook.catalog import read_notebook

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", ["validation", "runbook"])
def test_a_draft_passes_lint(kind: Kind, tmp_path: Path) -> None:
    """Only parts of a runbook that are still to be written are listed, as open."""
    draft = write_draft(kind, "results_expire", tmp_path)
    assert [row for row in lint_file(draft.path) if not row.is_open] == []
    assert bool(draft.findings) == (kind == "runbook")
    notebook = read_notebook(draft.path)
    assert (notebook.title, notebook.declared.kind) == ("Results expire", kind)
    assert '"NAME"' not in draft.path.read_text()
    assert "TITLE" not in draft.path.read_text()


def test_a_validation_gets_the_next_number(tmp_path: Path) -> None:
    """Numbers that are given are kept."""
    assert write_draft("validation", "results_expire", tmp_path).name == "01_results_expire"
    assert write_draft("validation", "20_tasks_end", tmp_path).name == "20_tasks_end"
    assert write_draft("validation", "logs_rotate", tmp_path).name == "21_logs_rotate"


@pytest.mark.parametrize("name", ["Results", "results-expire", "../x", "", "1_x", "x__y"])
def test_an_unusable_name_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing is written."""
    with pytest.raises(NotebookError, match="is not a name of a notebook"):
        write_draft("runbook", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["validation", "runbook"])
def test_a_notebook_is_never_overwritten(kind: Kind, tmp_path: Path) -> None:
    """A name that is taken is refused, also under another number."""
    draft = write_draft(kind, "results_expire", tmp_path)
    draft.path.write_text("mine")
    with pytest.raises(NotebookError, match="exists already"):
        write_draft(kind, "results_expire", tmp_path)
    assert draft.path.read_text() == "mine"
