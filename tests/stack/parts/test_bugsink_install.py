"""Bugsink is installed once, completely or not at all; a failure has its remedy."""

import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path

import pytest

from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.parts import bugsink_install
from securenet_obs.stack.parts.bugsink_install import BugsinkInstallation, install_bugsink
from tests.local_index import LocalIndex, reader_settings


def ignore(_sentence: str) -> None:
    """Discard a report."""


def make_home(installation: BugsinkInstallation, _guard: Guard, _log: Path) -> None:
    """Replace the installation, which is slow and needs a network."""
    time.sleep(0.2)
    installation.python.parent.mkdir(parents=True)
    installation.python.touch()
    installation.template.touch()


def test_concurrent_installations_install_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stacks that start at once share one complete installation."""
    monkeypatch.setattr(bugsink_install, "_install", make_home)
    reports: list[str] = []
    with Guard() as guard, ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(install_bugsink, tmp_path, guard, reports.append) for _ in "ab"]
        homes = {call.result() for call in calls}
    assert len(reports) == len(homes) == 1
    assert homes.pop().template.exists()


def test_interrupted_installation_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the cache is intact, and the next start installs."""

    def interrupted(installation: BugsinkInstallation, guard: Guard, log: Path) -> None:
        make_home(installation, guard, log)
        raise KeyboardInterrupt

    with Guard() as guard:
        monkeypatch.setattr(bugsink_install, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            install_bugsink(tmp_path, guard, ignore)
        assert [path.name for path in tmp_path.glob("*/*")] == ["lock"]
        monkeypatch.setattr(bugsink_install, "_install", make_home)
        assert install_bugsink(tmp_path, guard, ignore).python.exists()


def test_leftovers_of_a_killed_installation_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start removes the partial folder of a killed installer."""
    monkeypatch.setattr(bugsink_install, "_install", make_home)
    leftover = tmp_path / f"bugsink-{bugsink_install.BUGSINK_VERSION}" / "partial-dead"
    leftover.mkdir(parents=True)
    with Guard() as guard:
        install_bugsink(tmp_path, guard, ignore)
    assert not leftover.exists()


def test_missing_network_is_one_sentence(
    pythons: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the reason and the path of pip's output, in one line."""
    monkeypatch.setattr(sys, "executable", pythons())
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    with Guard() as guard, pytest.raises(StackError, match="needs a network") as caught:
        install_bugsink(tmp_path, guard, ignore)
    assert "No matching distribution found for asgiref==" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "install.log" in str(caught.value)


BUGSINK = {
    "bugsink/__init__.py": b"",
    "bugsink/settings/__init__.py": b"",
    "bugsink/settings/default.py": b"DATABASES = {'default': {}}\n",
    "bugsink/scripts/__init__.py": b"",
    "bugsink/scripts/manage.py": (
        b"import time, bugsink_conf\n"
        b"print('Running migrations:\\n  Applying events.0001_initial... OK (0.1s)', flush=True)\n"
        b"time.sleep(1.0)\n"
        b"open(bugsink_conf.DATABASES['default']['NAME'], 'w').close()\n"
    ),
}


@pytest.fixture
def small_bugsink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish a small Bugsink and newer releases on a local index, and return its lock."""
    index = LocalIndex(tmp_path / "index", digests=False)
    metadata = "Metadata-Version: 2.1\nName: bugsink\nVersion: 2\nRequires-Dist: tzdata[zones]>=1\n"
    lock = index.publish("bugsink", "2", metadata, BUGSINK) + index.add("tzdata", "1")
    index.add("bugsink", "3")
    index.add("tzdata", "2", ["other; extra == 'zones'"])
    requirements = tmp_path / "lock.txt"
    requirements.write_text(lock)
    monkeypatch.setattr(bugsink_install, "_REQUIREMENTS", requirements)
    for name, value in reader_settings(tmp_path, index, lock).items():
        monkeypatch.setenv(name, value)
    return lock


def test_lock_is_installed_unchanged_with_progress(
    small_bugsink: str,
    pythons: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Newer releases and the user's settings have no effect; each step is reported."""
    monkeypatch.setattr(sys, "executable", pythons())
    monkeypatch.setattr(bugsink_install, "REPORT_EVERY_S", 0.02)
    reports: list[str] = []
    with Guard() as guard:
        home = install_bugsink(tmp_path / "cache", guard, reports.append)
    (site,) = home.folder.glob("venv/lib/python*/site-packages")
    found = {each.name: each.version for each in distributions(path=[str(site)])}
    assert (found["bugsink"], found["tzdata"]) == ("2", "1")
    assert home.template.exists()
    states = [re.sub(r" \(\d+ s\)$", "", report.split(": ", 1)[1]) for report in reports[1:]]
    assert states[0] == "creating its virtual environment"
    assert states[-1] == "migrating its database, 1 migrations so far"
    log = next(tmp_path.glob("cache/*/install.log")).read_text().splitlines(keepends=True)
    grown = [
        bugsink_install._describe_state("".join(log[:length])) for length in range(len(log) + 1)
    ]
    assert list(dict.fromkeys(grown)) == [
        "creating its virtual environment",
        "0 of 2 packages",
        "1 of 2 packages",
        "2 of 2 packages",
        "unpacking 2 packages",
        "preparing its database",
        "migrating its database, 0 migrations so far",
        "migrating its database, 1 migrations so far",
    ]


def test_requirements_are_pinned_and_hashed() -> None:
    """Every requirement has a version and a hash, and no download address."""
    lines = bugsink_install._REQUIREMENTS.read_text().splitlines()
    names = [line for line in lines if not line.startswith(" ")]
    assert f"bugsink=={bugsink_install.BUGSINK_VERSION} \\" in names
    assert all("==" in line and line.endswith("\\") for line in names)
    assert all("--hash=sha256:" in line for line in lines if line.startswith(" "))
    assert not any("://" in line or line.startswith("-") for line in lines)
