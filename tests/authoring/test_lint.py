import json
from pathlib import Path

import pytest

from securenet_obs.authoring import RULES, find_files, lint_file, lint_files
from securenet_obs.errors import NotebookNotFoundError
from tests.authoring.conftest import MakePage, appending

PROJECT = Path(__file__).parents[2]


def test_the_projects_notebooks_keep_every_rule() -> None:
    """None has a finding, and none is a draft."""
    files = find_files(PROJECT, [])
    assert len(files) > 20
    assert [str(finding) for finding in lint_files(files)] == []


def test_files_and_folders_are_found_once(make_page: MakePage, tmp_path: Path) -> None:
    """A folder stands for all notebooks below it; a path that is missing is refused."""
    path = make_page().path
    for hidden in (path.parent / ".~saving.ipynb", path.parent / ".ipynb_checkpoints" / "a.ipynb"):
        hidden.parent.mkdir(exist_ok=True)
        hidden.write_text("{")
    assert find_files(PROJECT, [path, tmp_path]) == [path]
    with pytest.raises(NotebookNotFoundError, match=r"nowhere: no such notebook"):
        find_files(PROJECT, [tmp_path / "nowhere"])


def test_every_rule_is_applied(make_page: MakePage, tmp_path: Path) -> None:
    """A notebook that breaks two rules has both findings, in the order of the rules."""
    page = make_page(appending("!ls\nkey = lambda row: row"))
    assert [finding.rule for finding in lint_file(page.path)] == ["definitions", "shell escape"]
    assert len(set(RULES)) == len(RULES)


def test_a_file_that_cannot_be_read_is_one_finding(tmp_path: Path) -> None:
    """It hides no finding of another file."""
    (tmp_path / "a.ipynb").write_text("[]")
    (found,) = lint_file(tmp_path / "a.ipynb")
    assert found.rule == "readable"
    assert not found.problem.startswith(str(tmp_path))


def test_a_notebook_without_declarations_has_its_other_findings_too(make_page: MakePage) -> None:
    """An author corrects all of them at once."""
    path = make_page(appending("!ls")).path
    document = json.loads(path.read_text())
    del document["metadata"]["securenet"]
    path.write_text(json.dumps(document))
    assert [finding.rule for finding in lint_file(path)] == ["readable", "shell escape"]
