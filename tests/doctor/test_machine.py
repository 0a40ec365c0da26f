import os
from pathlib import Path

import pytest

from securenet_obs.doctor import machine

# The version of redis-server is asked of the program.
pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def examine(*, is_stack_needed: bool = True) -> dict[str, str]:
    rows = machine.examine_machine(is_stack_needed=is_stack_needed)
    return {Path(row.subject).name: row.state for row in rows}


def test_a_new_folder_is_examined_and_left_as_it_was(tmp_path: Path) -> None:
    """Folders that are created on the way are removed."""
    found = examine()
    assert (found["Bugsink"], found["ports"], found["evidence"]) == ("optional", "ok", "ok")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_missing(tmp_path: Path) -> None:
    """A file stands in the place of each folder; without a stack its folder is optional."""
    (tmp_path / ".securenet").write_text("")
    (tmp_path / "evidence").write_text("")
    found = examine()
    assert (found[".securenet"], found["evidence"]) == ("missing", "missing")
    assert examine(is_stack_needed=False)[".securenet"] == "optional"


def test_a_python_without_virtual_environments_cannot_install_bugsink(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Debian's Python has no ensurepip until its package is installed."""
    monkeypatch.setattr(machine, "find_spec", lambda _: None)
    assert examine()["Bugsink"] == "missing"


def test_a_machine_without_loopback_has_no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the system's."""

    def fail(_: int) -> list[int]:
        raise OSError(99, os.strerror(99))

    monkeypatch.setattr(machine, "find_free_ports", fail)
    assert examine()["ports"] == "missing"
