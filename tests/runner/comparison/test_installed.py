"""Facts of this installation: digests of files and cells, versions of packages."""

import importlib.metadata
import platform
from pathlib import Path

from securenet_obs.runner.comparison.installed import read_code, read_packages, read_sources


def test_an_edited_file_has_another_digest(tmp_path: Path) -> None:
    """Without any commit; compiled files do not count."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_text("1")
    (tmp_path / "p" / "a.pyc").write_text("1")
    before = read_code(tmp_path / "p")
    (tmp_path / "p" / "a.py").write_text("2")
    after = read_code(tmp_path / "p")
    assert before.keys() == after.keys() == {"p/a.py"}
    assert before != after
    assert "securenet_obs/settings.py" in read_code()


def test_versions_are_those_of_the_installed_packages() -> None:
    """By the names of the index, with Python's own."""
    packages = read_packages()
    assert packages["python"] == platform.python_version()
    for name in ("celery", "sentry-sdk", "pydantic-settings"):
        assert packages[name] == importlib.metadata.version(name)


def test_a_cell_has_a_digest_unless_it_holds_the_parameters() -> None:
    """Parameters are a kind of their own; prose does not run."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "x"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "a = 1"},
        {"cell_type": "code", "metadata": {}, "source": "1"},
    ]
    before = read_sources("n", {"cells": cells})
    assert before.keys() == {"n, cell 2"}
    cells[2]["source"] = "2"
    assert read_sources("n", {"cells": cells}) != before
