"""A package index in a folder: tiny wheels, their pages, and the lines of a lock for them."""

import base64
import hashlib
import re
import sys
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from io import BytesIO
from pathlib import Path

# pip 23.0 does not start on a newer Python, which comes with a newer pip.
_OLDEST = {"23.0.1": "Debian 12"} if sys.version_info < (3, 12) else {}
PIPS = {**_OLDEST, "26.3": "the newest that was tried"}
"""The versions of pip that a set-up is tried with."""


@dataclass(frozen=True)
class LocalIndex:
    """A folder that pip accepts as an index; with `digests` its pages have the files' digests."""

    folder: Path
    digests: bool = True

    @property
    def url(self) -> str:
        """Address of the index for pip."""
        return self.folder.as_uri()

    def add(self, name: str, version: str, requires: Sequence[str] = (), *, note: str = "") -> str:
        """Publish a wheel and return its line of a lock; `note` changes its digest."""
        extras = sorted(set(re.findall(r"extra == ['\"]([\w-]+)", " ".join(requires))))
        headers = [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            f"Version: {version}",
            *(f"Provides-Extra: {extra}" for extra in extras),
            *(f"Requires-Dist: {line}" for line in requires),
        ]
        module = {f"{name.replace('-', '_')}_tiny.py": f"# {note}\n".encode()}
        return self.publish(name, version, "\n".join(headers) + "\n", module)

    def add_installed(self, found: Distribution, *, code: bool = False) -> str:
        """Publish an installed package under its own metadata, with or without its code."""
        files = {}
        for path in (found.files or []) if code else []:
            first = path.parts[0]
            if path.suffix != ".pyc" and first != ".." and not first.endswith(".dist-info"):
                files[str(path)] = Path(str(path.locate())).read_bytes()
        entry_points = found.read_text("entry_points.txt") if code else None
        metadata = found.read_text("METADATA") or ""
        return self.publish(found.name, found.version, metadata, files, entry_points or "")

    def publish(
        self,
        name: str,
        version: str,
        metadata: str,
        files: Mapping[str, bytes],
        entry_points: str = "",
    ) -> str:
        """Publish a wheel made of these parts and return its line of a lock."""
        stem = f"{name.replace('-', '_').replace('.', '_')}-{version}"
        info = f"{stem}.dist-info"
        parts = {
            **files,
            f"{info}/METADATA": metadata.encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if entry_points:
            parts[f"{info}/entry_points.txt"] = entry_points.encode()
        rows = [f"{path},{_digest(data)},{len(data)}" for path, data in parts.items()]
        parts[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, data in parts.items():
                archive.writestr(path, data)
        return self.add_file(name, version, f"{stem}-py3-none-any.whl", buffer.getvalue())

    def add_file(self, name: str, version: str, file: str, data: bytes) -> str:
        """Publish this file and return its line of a lock."""
        page = self.folder / _plain(name)
        page.mkdir(parents=True, exist_ok=True)
        (page / file).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        fragment = f"#sha256={digest}" if self.digests else ""
        with (page / "index.html").open("a") as listing:
            listing.write(f'<a href="{file}{fragment}">{file}</a>\n')
        return f"{name}=={version} --hash=sha256:{digest}\n"


def _plain(name: str) -> str:
    return name.replace("_", "-").replace(".", "-").lower()


def _digest(data: bytes) -> str:
    coded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={coded}"


def reader_settings(folder: Path, index: LocalIndex, lock: str) -> dict[str, str]:
    """Return variables of a user with the index in pip.conf, and with settings to ignore.

    A second index has the same versions with other contents, higher builds of them, and newer ones.
    """
    other = LocalIndex(folder / "other", digests=False)
    for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", lock):
        for release in (version, f"{version}+reader", "9999"):
            other.add(name, release, note="the reader's own")
    (folder / "constraint.txt").write_text(re.sub(r"==\S+.*", "==9999", lock))
    shadow = folder / "shadow"
    for module in ("hatchling", "pip", "django", "bugsink"):
        (shadow / module).mkdir(parents=True)
        (shadow / module / "__init__.py").write_text("raise SystemExit('a module of the reader')")
    (folder / "pip.conf").write_text(SETTINGS.format(index=index.url, other=other.url, at=folder))
    unwanted = ("DRY_RUN", "IGNORE_INSTALLED", "NO_COMPILE", "PRE", "QUIET", "REQUIRE_VIRTUALENV")
    return {
        **{f"PIP_{name}": "1" for name in (*unwanted, "UPGRADE", "USER", "VERBOSE")},
        "PIP_CONFIG_FILE": str(folder / "pip.conf"),
        "PIP_CONSTRAINT": str(folder / "constraint.txt"),
        "PIP_ONLY_BINARY": ":none:",
        "PIP_PREFIX": str(folder / "prefix"),
        "PIP_PYTHON": str(folder / "no-python"),
        "PIP_TARGET": str(folder / "target"),
        "PYTHONPATH": str(shadow),
        "PYTHONUSERBASE": str(folder / "user"),
    }


SETTINGS = """
[global]
index-url = {index}
extra-index-url = {other}
find-links = {at}/other/coverage
constraint = {at}/constraint.txt
quiet = 2
[install]
dry-run = true
no-binary = :all:
no-deps = false
platform = any
root = {at}/root
target = {at}/target
user = true
"""


def installed_here(names: Collection[str]) -> list[Distribution]:
    """Return the distributions of this environment with these names."""
    found = {_plain(each.name): each for each in distributions()}
    return [found[name] for name in sorted(names)]
