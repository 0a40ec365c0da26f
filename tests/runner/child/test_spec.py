"""A child's spec: one file, readable by its owner alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from securenet_obs.runner.child.spec import Spec
from securenet_obs.runner.notebook.parameters.secret import Secret

SPEC = Spec("r", "n.ipynb", "out.ipynb", "journal.jsonl", "/tmp", "/tmp", 1.5, 60.0, 30.0)


def test_a_spec_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every field survives a round trip, and references are secrets again."""
    spec = replace(SPEC, secrets=("secret:SENTRY_AUTH_TOKEN",), warm="/run/socket")
    spec.write(tmp_path / "spec.json")
    assert Spec.read(tmp_path / "spec.json") == spec
    assert spec.references() == [Secret("secret:SENTRY_AUTH_TOKEN")]


def test_the_file_is_its_owners_alone_and_is_never_one_that_was_there(tmp_path: Path) -> None:
    """Only the owner can read the file, and an existing path, such as a link, is refused."""
    SPEC.write(tmp_path / "spec.json")
    assert (tmp_path / "spec.json").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        SPEC.write(tmp_path / "spec.json")
