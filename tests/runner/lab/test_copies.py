"""Copies to work in: a run in JupyterLab changes no file of the project, and loses nothing."""

import json
import shutil
from pathlib import Path

import pytest

from securenet_obs.errors import NotebookError
from securenet_obs.runner.lab.copies import find_start_page, opened_folder
from securenet_obs.runner.notebook import roots

PROJECT = Path(__file__).parents[3]
NAME = "notebooks/01_sentry_receives_errors.ipynb"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a notebook, a broken one, a file beside them and a folder of one."""
    folder = tmp_path / "project" / "notebooks"
    (folder / "more").mkdir(parents=True)
    shutil.copy(PROJECT / NAME, folder)
    shutil.copy(PROJECT / NAME, folder / "more")
    (folder / "broken.ipynb").write_text("{")
    (folder / "names.csv").write_text("a,b")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def test_copies_have_no_outputs_and_go_unless_they_were_changed(project: Path) -> None:
    """Cells and metadata are those of the project; a session without a change leaves nothing."""
    original = (project / NAME).read_bytes()
    with opened_folder(project, project / ".securenet" / "lab") as folder:
        copied, stored = json.loads((folder / NAME).read_text()), json.loads(original)
        assert [cell["source"] for cell in copied["cells"]] == [
            cell["source"] for cell in stored["cells"]
        ]
        assert copied["metadata"] == stored["metadata"]
        assert not any(cell.get("outputs") for cell in copied["cells"])
        assert any(cell.get("outputs") for cell in stored["cells"])
        assert (folder / "notebooks" / "broken.ipynb").read_text() == "{"
        assert (folder / "notebooks" / "names.csv").read_text() == "a,b"
        assert not (folder / "notebooks" / "more").is_symlink()
        (project / "evidence").mkdir()
        assert (folder / "evidence").samefile(project / "evidence")
    assert not folder.exists()
    assert (project / NAME).read_bytes() == original


@pytest.mark.parametrize("changed", [NAME, "notebooks/new.ipynb", "notebooks/more/new.txt"])
def test_a_changed_copy_stays(changed: str, project: Path) -> None:
    """What a person has run or written is kept, each session in a folder of its own."""
    original = (project / NAME).read_bytes()
    sessions = project / ".securenet" / "lab"
    with opened_folder(project, sessions) as folder:
        (folder / changed).write_text("saved")
    assert (folder / changed).read_text() == "saved"
    assert (project / NAME).read_bytes() == original
    with opened_folder(project, sessions) as other:
        assert other != folder
        assert (other / NAME).read_text() != "saved"


@pytest.mark.parametrize(("key", "stays"), [("language_info", False), ("securenet", True)])
def test_a_copy_that_was_only_opened_goes(key: str, stays: bool, project: Path) -> None:
    """JupyterLab saves it with the version of the kernel's Python; other metadata are a change."""
    with opened_folder(project, project / ".securenet" / "lab") as folder:
        document = json.loads((folder / NAME).read_text())
        document["metadata"][key] = {"version": "3.13.0"}
        (folder / NAME).write_text(json.dumps(document))
    assert folder.exists() == stays


def test_the_project_itself_is_opened_to_edit(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder for sessions it is the project; an installed package is refused."""
    with opened_folder(project, None) as folder:
        assert folder == project
    monkeypatch.setattr(roots, "files", lambda _name: project)
    monkeypatch.chdir(project.parent)
    with pytest.raises(NotebookError, match="installed notebooks"), opened_folder(project, None):
        pass


def test_copies_that_cannot_be_written_are_one_sentence(project: Path) -> None:
    """The error names the folder and the reason."""
    Path(".securenet").write_text("a file")
    sessions = Path(".securenet") / "lab"
    with (
        pytest.raises(NotebookError, match=r"\.securenet.*cannot be written"),
        opened_folder(project, sessions),
    ):
        pass


def test_the_start_page_depends_on_the_target(project: Path) -> None:
    """A newcomer has a local stack; on-call names a target. A project may have neither page."""
    assert find_start_page(project, is_local=True) == ""
    (project / "notebooks" / "00_start_here.ipynb").write_text("{}")
    assert find_start_page(project, is_local=True) == "notebooks/00_start_here.ipynb"
    assert find_start_page(project, is_local=False) == ""
    (project / "runbooks").mkdir()
    (project / "runbooks" / "00_start_here.ipynb").write_text("{}")
    assert find_start_page(project, is_local=False) == "runbooks/00_start_here.ipynb"
