"""Bugsink is installed once, whole or not at all, and a failure says what to do."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from securenet_obs.errors import StackError
from securenet_obs.stack import bugsink_install
from securenet_obs.stack.bugsink_install import BugsinkHome, install_bugsink
from securenet_obs.stack.guard import Guard


def ignore(_sentence: str) -> None:
    """Take a report and say nothing."""


def make_home(made: BugsinkHome, _guard: Guard, _log: Path) -> None:
    """Stand in for the installation, which takes long and a network."""
    time.sleep(0.2)
    made.python.parent.mkdir(parents=True)
    made.python.touch()
    made.template.touch()


def test_two_at_once_install_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two stacks that start at once one installs, and both find a whole installation."""
    monkeypatch.setattr(bugsink_install, "_install", make_home)
    reports: list[str] = []
    with Guard() as guard, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(install_bugsink, tmp_path, guard, reports.append) for _ in "ab"]
        homes = {call.result() for call in calls}
    assert len(reports) == len(homes) == 1
    assert homes.pop().template.exists()


def test_an_interrupted_installation_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C half-way leaves no broken cache: the next start installs it."""

    def interrupted(made: BugsinkHome, guard: Guard, log: Path) -> None:
        make_home(made, guard, log)
        raise KeyboardInterrupt

    with Guard() as guard:
        monkeypatch.setattr(bugsink_install, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            install_bugsink(tmp_path, guard, ignore)
        assert [path.name for path in tmp_path.glob("*/*")] == ["lock"]
        monkeypatch.setattr(bugsink_install, "_install", make_home)
        assert install_bugsink(tmp_path, guard, ignore).python.exists()


def test_what_a_killed_installation_left_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installer that was killed leaves a partial folder, which goes with the next start."""
    monkeypatch.setattr(bugsink_install, "_install", make_home)
    left = tmp_path / f"bugsink-{bugsink_install.BUGSINK_VERSION}" / "partial-dead"
    left.mkdir(parents=True)
    with Guard() as guard:
        install_bugsink(tmp_path, guard, ignore)
    assert not left.exists()


def test_without_a_network_it_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pip reaches no index, the error says so, in one line, and where the output is."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    with Guard() as guard, pytest.raises(StackError, match="needs a network") as caught:
        install_bugsink(tmp_path, guard, ignore)
    assert "No matching distribution" in str(caught.value) or "Could not find" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "install.log" in str(caught.value)


def test_the_requirements_are_pinned_hashed_and_without_address() -> None:
    """Every requirement has a version and a hash, and no line names a place to download from."""
    lines = bugsink_install._REQUIREMENTS.read_text().splitlines()
    names = [line for line in lines if not line.startswith(" ")]
    assert f"bugsink=={bugsink_install.BUGSINK_VERSION} \\" in names
    assert all("==" in line and line.endswith("\\") for line in names)
    assert all("--hash=sha256:" in line for line in lines if line.startswith(" "))
    assert not any("://" in line or line.startswith("-") for line in lines)
