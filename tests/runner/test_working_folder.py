"""Working folder of a kernel: a foreign notebook's own, a chosen one, or a scratch folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.runner.command import Outcome
from securenet_obs.runner.orders import orders_to_resume
from securenet_obs.runner.working_folder import working_folder

FOLDER = """import os, sys
import sibling
assert sibling.NAME == "beside", sibling
assert open("data.csv").read() == "a,b"
assert sys.path[0] != ""
import random
assert random.random() >= 0
print(os.getcwd())"""


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """Return a folder with data, a module, and files named like modules that a kernel imports."""
    folder = tmp_path / "beside"
    folder.mkdir()
    (folder / "data.csv").write_text("a,b")
    (folder / "sibling.py").write_text("NAME = 'beside'")
    for name in ("random", "json", "zmq", "tornado", "IPython", "ipykernel", "securenet_obs"):
        (folder / f"{name}.py").write_text("raise SystemExit('shadowed')")
    return folder


@pytest.mark.parametrize("cold", [False, True])
def test_a_foreign_notebook_works_in_its_own_folder(
    cold: bool, beside: Path, write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The notebook finds files and modules beside it, and none of them shadows the kernel's own."""
    path = write_notebook(FOLDER, folder="beside", foreign=True)
    outcome = execute(path, plain=True, cold=cold)
    assert str(outcome.verdict) == "passed", outcome.manifest["runs"][0]["reason"]
    assert str(beside) in (outcome.folder / "a_claim.ipynb").read_text()
    assert (beside / "data.csv").exists()
    assert outcome.manifest["planned"][0]["cwd"] == str(beside)


def test_a_folder_is_chosen_for_any_notebook(
    beside: Path, write_notebook: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    """`--cwd` is relative to the caller's folder, and also applies to a resumed run."""
    path = write_notebook(FOLDER, "1 / 0", kind="runbook")
    answer = command_line("run", path, "--cwd", "beside", "--json")
    row = json.loads(answer.stdout)["runs"][0]
    assert (row["reason"], row["cell"]) == ("ZeroDivisionError: division by zero", 2)
    evidence = path.parent.parent / "evidence"
    (order,) = orders_to_resume(evidence, json.loads(answer.stdout)["id"])
    assert order.folder == beside
    assert "--cwd" in command_line("run", "--help").stdout


def test_ours_work_in_a_scratch_folder(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome]
) -> None:
    """The scratch folder is empty, and is removed after the run."""
    path = write_notebook(
        "import os\nassert os.listdir() == []\nprint(os.getcwd())", kind="runbook"
    )
    outcome = execute(path)
    assert str(outcome.verdict) == "passed"
    cells = json.loads((outcome.folder / "a_claim.ipynb").read_text())["cells"]
    assert not Path(cells[-1]["outputs"][0]["text"].strip()).exists()


@pytest.mark.parametrize(
    ("cwd", "reason"),
    [("missing", "No such file"), ("a_file", "not a folder"), ("x" * 300, "too long")],
)
def test_a_folder_that_cannot_be_worked_in_is_refused(
    cwd: str, reason: str, write_notebook: Callable[..., Path], command_line: Callable[..., Any],
    tmp_path: Path,
) -> None:  # fmt: skip
    """The command prints one sentence, exits with 2, and leaves no evidence."""
    (tmp_path / "a_file").touch()
    answer = command_line("run", write_notebook("1"), "--plain", "--cwd", cwd)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(cwd)
    assert reason in answer.stderr
    assert not (tmp_path / "evidence").exists()


def test_a_run_never_deletes_the_folder_that_it_works_in(
    write_notebook: Callable[..., Path], execute: Callable[..., Outcome], tmp_path: Path
) -> None:
    """The folder and its files survive a kernel that is killed."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "kept").touch()
    path = write_notebook("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", foreign=True)
    outcome = execute(path, plain=True)
    assert str(outcome.verdict) == "kernel_died"
    assert {file.name for file in (tmp_path / "notebooks").iterdir()} == {"kept", path.name}


def test_a_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is resolved from the caller's folder; a loop of links is refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    assert working_folder(Path("a")) == tmp_path / "a"
    with pytest.raises(SettingsError, match="loop: the kernel cannot work there"):
        working_folder(Path("loop"))
