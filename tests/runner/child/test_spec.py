"""What a child is told: one file, that only its owner can read."""

from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.runner.child.spec import Spec
from securenet_obs.runner.notebook.parameters.secret import Secret

SPEC = Spec("r", "n.ipynb", "out.ipynb", "journal.jsonl", "/tmp", "/tmp", 1.5, 60.0, 30.0)


def test_a_spec_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every field survives the file, and the references are secrets again."""
    spec = replace(SPEC, secrets=("secret:SENTRY_AUTH_TOKEN",), warm="/run/socket")
    spec.write(tmp_path / "spec.json")
    assert Spec.read(tmp_path / "spec.json") == spec
    assert spec.references() == [Secret("secret:SENTRY_AUTH_TOKEN")]


def test_the_file_is_its_owners_alone_and_is_never_one_that_was_there(tmp_path: Path) -> None:
    """Nobody else can read it, and nobody can have it written somewhere by a link."""
    SPEC.write(tmp_path / "spec.json")
    assert (tmp_path / "spec.json").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        SPEC.write(tmp_path / "spec.json")
