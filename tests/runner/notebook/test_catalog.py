"""Catalog: the description of each notebook, and a clear error for a broken one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.errors import NotebookError, NotebookNotFoundError
from securenet_obs.runner.notebook.catalog import find, find_all, read_notebook


def test_metadata_and_parameters_are_read_from_the_file(
    write_notebook: Callable[..., Path],
) -> None:
    """Title, purpose, needs, deadlines, declared checks and parameters are read from the file."""
    path = write_notebook(
        "1", name="01_a_claim", parameters="n: int = 1  # how many",
        needs=["api"], checks=["it holds"], deadline_s=9, exclusive=True,
    )  # fmt: skip
    described = read_notebook(path).described()
    assert described == {
        "name": "01_a_claim", "path": str(path), "title": "A claim holds",
        "purpose": "What it is for.", "kind": "validation", "needs": ["api"], "optional_needs": [],
        "acts": False, "symptoms": [], "patterns": [], "fallback_patterns": [],
        "severity": "", "services": [], "owner": "",
        "expected_s": None, "draft": False, "failed_checks": [],
            "drill": "", "incident_lock": "redis",
        "deadline_s": 9.0, "cell_deadline_s": 30.0, "exclusive": True, "checks": ["it holds"],
        "parameters": [{"name": "n", "type": "int", "default": "1", "help": "how many"}],
    }  # fmt: skip


def test_notebooks_come_in_order_validations_first(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """notebooks/ comes before runbooks/, each by name, without Jupyter's checkpoints and parts."""
    write_notebook(name="a_symptom", folder="runbooks", kind="runbook")
    write_notebook(name="02_b")
    write_notebook(name="01_a")
    checkpoints = tmp_path / "notebooks" / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "01_a-checkpoint.ipynb").write_text("{")
    # JupyterLab writes it for a moment while it saves, and on call may run a page then.
    (tmp_path / "notebooks" / ".~02_b.ipynb").symlink_to("gone")
    assert [row.name for row in find_all(tmp_path)] == ["01_a", "02_b", "a_symptom"]


def test_a_notebook_is_found_by_name_number_and_path(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """Name, number and path find the same notebook; an unknown one gets the list of names."""
    path = write_notebook(name="01_a")
    for name in ("01_a", "01", str(path)):
        assert find(tmp_path, name).path == path
    with pytest.raises(NotebookNotFoundError, match="There is 01_a"):
        find(tmp_path, "02")


def test_a_unique_beginning_is_enough_and_an_ambiguous_one_lists_the_candidates(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """A number matches whole before it matches as a prefix; an empty name never matches."""
    for name in ("01_sentry_receives", "02_logs_arrive", "02_logs_are_json", "1_first", "10_last"):
        write_notebook(name=name)
    write_notebook(name="01_sentry_receives", folder="runbooks", kind="runbook")
    for beginning, name in (("10", "10_last"), ("1", "1_first"), ("02_logs_arr", "02_logs_arrive")):
        assert find(tmp_path, beginning).name == name
    with pytest.raises(
        NotebookNotFoundError,
        match=r"02: ambiguous; .* of \S+02_logs_are_json\.ipynb, \S+02_logs_arrive\.ipynb\.",
    ):
        find(tmp_path, "02")
    with pytest.raises(NotebookNotFoundError, match=r"notebooks/01_\S+, runbooks/01_"):
        find(tmp_path, "01_sentry_receives")
    with pytest.raises(NotebookNotFoundError, match="'': no such notebook"):
        find(tmp_path, "")


@pytest.mark.parametrize("name", ["01_sentry_recieves_erors", "sentry_receives", "receives"])
def test_a_wrong_name_suggests_the_nearest(
    name: str, write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    """A misspelt name or path gets the nearest one as a suggestion."""
    path = write_notebook(name="01_sentry_receives_errors")
    with pytest.raises(NotebookNotFoundError, match=r"Did you mean 01_sentry_receives_errors\?"):
        find(tmp_path, name)
    with pytest.raises(NotebookNotFoundError, match=rf"no such notebook\. Did you mean {path}\?"):
        find(tmp_path, str(path.with_name(f"{name}.ipynb")))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "not a notebook"),
        ("[]", "format 4"),
        ('{"nbformat": 5, "cells": []}', "nbformat"),
        ('{"nbformat": 4, "cells": 1}', "cells"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "cells"),
        ('{"nbformat": 4, "cells": [], "metadata": 1}', "metadata"),
        ('{"nbformat": 4, "cells": []}', "--plain"),
        ('{"nbformat": 4, "cells": [], "metadata": {"securenet": {"kind": "x"}}}', "kind"),
        ('{"nbformat": 4, "cells": [], "metadata": {"securenet": null}}', "an object is required"),
        ('{"nbformat": 4, "cells": [], "metadata": {"securenet": "x"}}', "an object is required"),
        (
            '{"nbformat": 4, "cells": [], "metadata": {"securenet": {"kind": "plain"}}}',
            "kind: Input should be 'validation' or 'runbook'",
        ),
        ('{"nbformat": 4, "cells": [], "metadata": {"securenet": {"typo": 1}}}', "typo"),
    ],
)
def test_a_broken_notebook_is_reported_with_the_reason(
    text: str, word: str, tmp_path: Path
) -> None:
    """The error has the file and the reason."""
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(NotebookError, match=rf"broken\.ipynb.*{word}"):
        read_notebook(path)


def test_list_and_show_serve_people_and_programs(
    write_notebook: Callable[..., Path], command_line: Callable[..., Any]
) -> None:
    """`list --json` is JSON; `show` has title, purpose, parameters and needs."""
    write_notebook(name="01_a", parameters="n: int = 1  # how many", needs=["api"])
    assert [row["name"] for row in json.loads(command_line("list", "--json").stdout)] == ["01_a"]
    output = command_line("show", "01").stdout
    for word in ("A claim holds", "What it is for.", "needs: api", "acts: no", "n", "how many"):
        assert word in output


@pytest.fixture
def one_broken(write_notebook: Callable[..., Path], tmp_path: Path) -> None:
    """Write a good validation, a notebook without metadata, a folder and a file of invalid JSON."""
    write_notebook(name="01_a")
    write_notebook(name="02_b", foreign=True)
    (tmp_path / "notebooks" / "03_c.ipynb").mkdir()
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "d.ipynb").write_text("{")


@pytest.mark.usefixtures("one_broken")
def test_a_broken_notebook_hides_none_of_the_others(command_line: Callable[..., Any]) -> None:
    """`list` shows the good notebooks, and names each broken one with the reason."""
    answer = command_line("list")
    assert answer.returncode == 0
    assert "01_a" in answer.stdout
    for name in ("02_b", "03_c", "d"):
        assert name not in answer.stdout.split()
        assert f"{name}.ipynb: " in answer.stderr
    rows = json.loads(command_line("list", "--json").stdout)
    assert [row["name"] for row in rows if "error" not in row] == ["01_a"]
    assert {row["name"] for row in rows if "error" in row} == {"02_b", "03_c", "d"}


@pytest.mark.usefixtures("one_broken")
def test_a_broken_notebook_does_not_vanish_from_all_validations(
    command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """`validate` reports all broken notebooks and runs none; with a name it runs that notebook."""
    answer = command_line("validate")
    assert answer.returncode == 2
    for name in ("02_b", "03_c", "d"):
        assert f"{name}.ipynb: " in answer.stderr
    assert not (tmp_path / "evidence").exists()
    assert "d.ipynb" not in command_line("validate", "01_a").stderr


def test_an_empty_search_names_the_folders(
    command_line: Callable[..., Any], tmp_path: Path
) -> None:
    """`list` prints one sentence or an empty JSON list, and `validate` exits with 2."""
    (tmp_path / "empty").mkdir()
    answer = command_line("list", "--root", "empty")
    (line,) = answer.stderr.splitlines()
    assert (answer.returncode, answer.stdout) == (0, "")
    assert f"{tmp_path}/empty/notebooks and {tmp_path}/empty/runbooks" in line
    assert "--root" in line
    assert json.loads(command_line("list", "--root", "empty", "--json").stdout) == []
    refused = command_line("validate", "--root", "empty")
    assert (refused.returncode, refused.stderr) == (
        2,
        line.replace("notebooks in", "validations in") + "\n",
    )
