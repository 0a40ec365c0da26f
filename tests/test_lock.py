"""`make lock`: both locks are renewed, and the changes are printed."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.local_index import LocalIndex
from tests.stores import create_sqlite

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "constraints.txt"
MARK = "\n# Above: API, worker and beat (Dockerfile)."
PYPROJECT = """
[project]
name = "small"
version = "1"
dependencies = ["service>=1"]
[project.optional-dependencies]
detection = ["model"]
postgres = ["driver"]
dev = ["tool[fast]>=1"]
[dependency-groups]
bugsink = ["bugsink>=1,<3"]
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[LocalIndex, str]]:
    """Yield an index and its address."""
    served = LocalIndex(tmp_path / "index")
    served.folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(served.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def make_lock(folder: Path, url: str) -> list[str]:
    """Renew the locks of a small project, and return the printed lines."""
    done = subprocess.run(
        [sys.executable, folder / ".ci" / "lock.py", "--upgrade"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "UV_DEFAULT_INDEX": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_make_lock_renews_both_locks_and_prints_the_changes(
    index: tuple[LocalIndex, str], tmp_path: Path
) -> None:
    """Each added, removed or changed package is a line; a service's pins come first."""
    served, url = index
    folder = tmp_path / "project"
    for name in (".ci/lock.py", "constraints.txt", "pyproject.toml"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
    shutil.copy(ROOT / ".ci" / "lock.py", folder / ".ci")
    bugsink = folder / "securenet_obs" / "stack" / "parts" / "bugsink-requirements.txt"
    bugsink.parent.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "constraints.txt").write_text("left==1\n")
    bugsink.write_text("bugsink==1\n")
    service, uvicorn = served.add("service", "1"), served.add("uvicorn", "1")
    tool = served.add("tool", "1", ["service>=1", "wheels; extra == 'fast'"])
    model, driver = served.add("model", "1"), served.add("driver", "1")
    wheels, pinned = served.add("wheels", "1"), served.add("bugsink", "2")
    served.add("bugsink", "3")
    assert make_lock(folder, url) == [
        "constraints.txt: driver 1 added",
        "constraints.txt: left 1 removed",
        "constraints.txt: model 1 added",
        "constraints.txt: service 1 added",
        "constraints.txt: tool 1 added",
        "constraints.txt: wheels 1 added",
        "bugsink-requirements.txt: bugsink 1 -> 2",
    ]
    first, rest = (folder / "constraints.txt").read_text().split(MARK)
    assert first.split() == (driver + model + service).replace(" ", " \\ ").split()
    assert rest.split("\n", 1)[1].split() == (
        (tool.replace("tool", "tool[fast]", 1) + wheels).replace(" ", " \\ ").split()
    )
    assert bugsink.read_text().split() == pinned.replace(" ", " \\ ").split()
    assert uvicorn.startswith("uvicorn==1")
    served.add("service", "2")
    assert make_lock(folder, url) == [
        "constraints.txt: service 1 -> 2",
        "bugsink-requirements.txt: nothing moved",
    ]


def pinned_for_the_image() -> set[str]:
    """Return the names in the first part of the lock."""
    first, _ = LOCK.read_text().split(MARK)
    return {line.split("==")[0].split("[")[0] for line in first.splitlines() if line[0] != " "}


def test_the_first_part_of_the_lock_is_for_the_image() -> None:
    """The image installs it without resolving: it is complete, without notebook packages."""
    pinned = pinned_for_the_image()
    here = {canonicalize_name(each.name) for each in distributions()}
    assert needed("detection") | needed("postgres", "uvicorn") == pinned & here


def test_a_service_installs_neither_pandas_nor_numpy() -> None:
    """They belong to the extras of workers and notebooks."""
    service = needed("")
    assert "sentry-sdk" in service
    assert {"numpy", "pandas", "papermill"}.isdisjoint(service)


def test_services_import_neither_pandas_nor_numpy() -> None:
    """API, workers, beat and the commands for operators start without them."""
    modules = (
        *("securenet_obs.monitoring", "securenet_obs.api.app", "securenet_obs.workers.tasks"),
        *(
            "securenet_obs.workers.schedule",
            "securenet_obs.cli.commands.api_keys",
            "securenet_obs.cli.commands.redact",
        ),
    )
    blocked = "import sys; sys.modules.update(dict.fromkeys(('numpy', 'pandas')))"
    imports = "\n".join(f"import {module}" for module in modules)
    subprocess.run([sys.executable, "-c", f"{blocked}\n{imports}"], check=True)


IMAGE = """
import sys
from importlib.metadata import packages_distributions
from packaging.utils import canonicalize_name

pinned = set(sys.argv.pop(1).split(","))

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = {
    name
    for name, owners in packages_distributions().items()
    if pinned.isdisjoint(map(canonicalize_name, owners))
}
sys.meta_path.insert(0, Missing())
from securenet_obs.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    ["store migrate", "store check", "probe store", "api-keys list", "quarantine list", "ledger"],
)
def test_the_commands_of_the_image_need_no_notebook_packages(words: str, tmp_path: Path) -> None:
    """With the packages of the image alone, commands of migration, health and operators work."""
    store = create_sqlite(tmp_path / "store.sqlite3")
    pinned = {canonicalize_name("securenet-obs"), *pinned_for_the_image()}
    done = subprocess.run(
        [sys.executable, "-c", IMAGE, ",".join(pinned), *words.split()],
        cwd=tmp_path,
        env={"DATABASE_URL": store, "REDIS_URL": "redis://127.0.0.1:1/0", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ModuleNotFoundError" not in done.stderr
    assert done.returncode == (6 if words == "ledger" else 0), done.stderr


def needed(extra: str, *others: str) -> set[str]:
    """Return all packages that securenet-obs with an extra requires, and those of others."""
    remaining = requirements("securenet-obs", extra) | {(other, "") for other in others}
    found: set[tuple[str, str]] = set()
    while remaining:
        wanted = remaining.pop()
        found.add(wanted)
        remaining |= requirements(*wanted) - found
    return {name for name, _ in found}


def requirements(name: str, extra: str = "") -> set[tuple[str, str]]:
    """Return the packages that a package requires on this machine, each with one of its extras."""
    direct = [Requirement(line) for line in distribution(name).requires or []]
    return {
        (canonicalize_name(each.name), wanted)
        for each in direct
        if each.marker is None or each.marker.evaluate({"extra": extra})
        for wanted in ("", *each.extras)
    }
