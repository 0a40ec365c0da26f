"""The calls of pip and the analysis of its output, tested with an old and a new pip."""

import os
import resource
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from securenet_obs.locked_pip import LOCKED, build_pip_environment, explain_pip_failure
from tests.local_index import PIPS, LocalIndex

NEWEST = list(PIPS)[-1]
SIZES = {"early": "", "large": "x" * 400_000, "zero": ""}
HASH = f"--hash=sha256:{'0' * 64}"
BROKEN = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@pytest.fixture
def venv(request: pytest.FixtureRequest, pips: dict[str, Path], tmp_path: Path) -> Path:
    """Return a virtual environment with a pip, by default the newest."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "pip.pth").write_text(str(pips[getattr(request, "param", NEWEST)]))
    return folder


@pytest.fixture
def index(tmp_path: Path) -> LocalIndex:
    """Return a separate index."""
    return LocalIndex(tmp_path / "index")


@pytest.fixture
def plain_server() -> Iterator[str]:
    """Yield the https address of a server that has no certificate."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/"
        server.shutdown()


def pip(venv: Path, *words: str, url: str = "", largest_file: int = 0) -> str:
    """Run pip as the set-up does, and return its output."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    python = str(venv / "bin" / "python")
    done = subprocess.run(
        [python, "-I", "-m", "pip", *words],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
        | {"PIP_INDEX_URL": url, "PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        preexec_fn=limited if largest_file else None,
    )
    return done.stdout


def install(venv: Path, lock: str, url: str, largest_file: int = 0) -> str:
    """Install a lock, and return the explanation of the failure."""
    file = venv.parent / "lock.txt"
    file.write_text(lock)
    log = pip(venv, *LOCKED, "-r", str(file), url=url, largest_file=largest_file)
    return explain_pip_failure(log, venv)


def add_sdist(index: LocalIndex, name: str, backend: str) -> str:
    """Publish a source distribution with a build backend, and return its line of a lock."""
    buffer = BytesIO()
    parts = {
        "pyproject.toml": BROKEN,
        "backend.py": backend,
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
    }
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in parts.items():
            member = tarfile.TarInfo(f"{name}-1/{path}")
            member.size = len(text)
            archive.addfile(member, BytesIO(text.encode()))
    return index.add_file(name, "1", f"{name}-1.tar.gz", buffer.getvalue())


METADATA = """
import pathlib
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = pathlib.Path(folder, "unbuilt-1.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: unbuilt\\nVersion: 1\\n")
    return info.name
"""
UNREACHED = (
    "the package index could not be reached, or lacks a file: No matching distribution found"
)
Case = Callable[[Path, LocalIndex], str]
CASES: dict[str, tuple[str, Case]] = {
    "no such package": (
        f"{UNREACHED} for absent==1; the first set-up needs a network",
        lambda venv, index: install(venv, f"{index.add('six', '1')}absent==1 {HASH}", index.url),
    ),
    "no network": (
        f"{UNREACHED} for six==1; the first set-up needs a network",
        lambda venv, index: install(venv, f"six==1 {HASH}", "http://127.0.0.1:9/"),
    ),
    "no such version": (
        "the package index lacks six==2 for this Python",
        lambda venv, index: install(venv, index.add("six", "1").replace("==1", "==2"), index.url),
    ),
    "another file": (
        "six==1 is another file than the lock has a hash for",
        lambda venv, index: install(venv, f"six==1 {HASH}", index.add("six", "1") and index.url),
    ),
    "no hash": (
        "six==1 has no hash in the lock",
        lambda venv, index: install(venv, "six==1", index.add("six", "1") and index.url),
    ),
    "no build": (
        "unbuilt cannot be built",
        lambda venv, index: install(venv, add_sdist(index, "unbuilt", METADATA), index.url),
    ),
    "no metadata": (
        "unbuilt-1.tar.gz cannot be installed: ",
        lambda venv, index: install(venv, add_sdist(index, "unbuilt", "no Python"), index.url),
    ),
    "no space": (
        "large cannot be installed: Could not install packages due to an OSError: [Errno 27]",
        lambda venv, index: install(
            venv,
            index.add("early", "1")
            + index.add("large", "1", note="x" * 400_000)
            + index.add("zero", "1"),
            index.url,
            largest_file=300_000,
        ),
    ),
}


# Pip versions differ in their output about builds; other tests use one version.
TRIED = [
    pytest.param(version, *CASES[name], id=f"{name}, pip {version}")
    for name in CASES
    for version in (PIPS if name in {"no build", "no metadata"} else [NEWEST])
]


@pytest.mark.parametrize(("venv", "sentence", "case"), TRIED, indirect=["venv"])
def test_failure_names_its_package(
    venv: Path, sentence: str, case: Case, index: LocalIndex
) -> None:
    """One line has the reason and the package, for each version of pip."""
    index.folder.mkdir()
    failure = case(venv, index)
    assert failure.startswith(sentence)
    assert "\n" not in failure


def test_untrusted_certificate_is_reported(venv: Path, plain_server: str) -> None:
    """An untrusted certificate is not reported as a missing package."""
    failure = install(venv, f"six==1 {HASH}", plain_server)
    assert failure == "the package index of six==1 has no valid certificate"


def test_incompatible_requirements_are_reported(venv: Path, index: LocalIndex) -> None:
    """`pip check` reports conflicts that --no-deps allows, with both packages."""
    install(venv, index.add("kombu", "5", ["vine>=5"]), index.url)
    assert (
        explain_pip_failure(pip(venv, "check"), venv)
        == "kombu 5 requires vine, which is not installed"
    )
    install(venv, index.add("vine", "4"), index.url)
    failure = explain_pip_failure(pip(venv, "check"), venv)
    assert failure == "kombu 5 has requirement vine>=5, but you have vine 4"


@pytest.mark.parametrize("venv", PIPS, indirect=True)
def test_only_index_settings_are_kept(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mirror, proxy and certificates are kept, with pip's precedence; nothing else is."""
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://mirror.example/simple\nproxy = http://global:1\nquiet = 3\n"
        "trusted-host =\n  one.example\n  two.example\nuse-feature = truststore\n"
        "user = yes\nglobal = 1\nsite = 1\npython = /no\n"
        "[install]\nproxy = http://it's:2\nconstraint = no.txt\nfind-links = /no\n"
        "[download]\ncert = /no.pem\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_CERT", "/our own.pem")
    monkeypatch.setenv("PIP_TARGET", "/no")
    monkeypatch.setenv("PIP_QUIET", "3")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_LOG", "/no/log")
    monkeypatch.setenv("PYTHONPATH", "/no")
    environment = build_pip_environment(str(venv / "bin" / "python"))
    foreign = ("PIP_", "PYTHON")
    assert {name: value for name, value in environment.items() if name.startswith(foreign)} == {
        "PIP_CERT": "/our own.pem",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_NO_INPUT": "1",
        "PIP_PROXY": "http://it's:2",
        "PIP_TRUSTED_HOST": "one.example two.example",
        "PIP_USE_FEATURE": "truststore",
    }


@pytest.mark.parametrize("venv", PIPS, indirect=True)
def test_find_links_replaces_the_index_with_no_index(
    venv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user without a network keeps `no-index` and `find-links`."""
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links =\n  /wheels\n  /more\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    environment = build_pip_environment(str(venv / "bin" / "python"))
    assert environment["PIP_NO_INDEX"] == "true"
    assert environment["PIP_FIND_LINKS"] == "/wheels /more"
