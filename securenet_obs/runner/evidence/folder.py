"""Creates an evidence folder, journals events into it, seals it with digests, verifies it."""

import hashlib
import itertools
import json
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from securenet_obs.errors import EvidenceError, EvidenceNotFoundError
from securenet_obs.runner.evidence.masking import Masker
from securenet_obs.runner.evidence.saving import save
from securenet_obs.runner.record import journal
from securenet_obs.runner.record.journal import Event, Journal
from securenet_obs.runner.record.runs import CommandRecord, RunRecord

MANIFEST = "run.json"

EVIDENCE_ROOT = "SECURENET_OBS_EVIDENCE_ROOT"
"""Variable with the folder of all evidence, for the journal of runbooks in JupyterLab."""

_REMEDY = "Choose another folder with --evidence."

MIN_FREE_BYTES = 32_000_000
"""Free space below which a command does not start."""


@dataclass
class EvidenceFolder:
    """An evidence folder open for writing; no other command writes to it."""

    path: Path
    journal: Journal
    masker: Masker
    unwritable: str = ""
    _record: CommandRecord = field(default_factory=CommandRecord)
    _recording: threading.Lock = field(default_factory=threading.Lock)
    _names: set[str] = field(default_factory=set)
    _naming: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def create(cls, root: Path, masker: Masker) -> Self:
        """Create a new folder below `root`, which other commands may use at the same time.

        Raises:
            EvidenceError: `root` cannot be written, or too little space is free.
        """
        check_root(root)
        try:
            path = _new_folder(root)
        except OSError as error:
            raise _unwritable(root, error) from error
        return cls(path, Journal.create(path / journal.NAME), masker)

    def note(self, event: str, **fields: Any) -> None:
        """Journal an event; if that fails, only the record has it, as a verdict is still due."""
        masked = self.masker.texts(fields)
        try:
            self.journal.append(event, **masked)
        except EvidenceError as error:
            self.fail(error)
            unsaved = {"at": journal.now(), "event": event, **masked}
            with self._recording:
                self._record.fold([*self._new_events(), unsaved])

    def fail(self, error: EvidenceError) -> None:
        """Record that something could not be written; the first reason is kept."""
        self.unwritable = self.unwritable or str(error)

    def record(self) -> CommandRecord:
        """Return the command's record, after folding the events of all processes so far into it."""
        with self._recording:
            return self._record.fold(self._new_events())

    def run(self, name: str) -> RunRecord:
        """Return the record of a run so far."""
        return self.record().run(name)

    def _new_events(self) -> list[Event]:
        try:
            return self.journal.new_events()
        except EvidenceError as error:
            self.fail(error)
            return []

    def save(self, name: str, text: str) -> None:
        """Write a file into the folder, or record that it could not be written."""
        try:
            save(self.path / name, text, self.masker)
        except EvidenceError as error:
            self.fail(error)

    def file_name(self, stem: str, attempt: int) -> str:
        """Return a unique stem for the names of a notebook's files, with secrets masked."""
        clean = re.sub(r"[^A-Za-z0-9._-]+", "-", self.masker.text(stem)).strip("-.") or "notebook"
        wanted = clean if attempt == 1 else f"{clean}-attempt{attempt}"
        with self._naming:
            numbered = (f"{wanted}-{number}" for number in itertools.count(2))
            names = itertools.chain([wanted], numbered)
            name = next(name for name in names if name not in self._names)
            self._names.add(name)
        return name

    def seal(self, summary: Mapping[str, Any]) -> dict[str, Any]:
        """Write and return the manifest: the summary, each file's digest and the manifest's own."""
        manifest: dict[str, Any] = {**self.masker.texts(summary), "files": {}}
        try:
            manifest["files"] = _digests(self.path)
        except OSError as error:
            self.fail(EvidenceError(f"{self.path}: cannot be read: {error.strerror}"))
        manifest["digest"] = _digest_of(manifest)
        self.save(MANIFEST, json.dumps(manifest, indent=2) + "\n")
        return manifest


def check_root(root: Path) -> None:
    """Create the folder that contains evidence folders if it is missing; check that it is writable.

    Raises:
        EvidenceError: the folder cannot be written, or too little space is free.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise _unwritable(root, error) from error
    if free < MIN_FREE_BYTES:
        free, needed = free // 1_000_000, MIN_FREE_BYTES // 1_000_000
        raise EvidenceError(f"{root}: only {free} MB are free; evidence needs {needed}. {_REMEDY}")


def _unwritable(root: Path, error: OSError) -> EvidenceError:
    return EvidenceError(f"{root}: cannot hold evidence: {error.strerror}. {_REMEDY}")


def _new_folder(root: Path) -> Path:
    """Create and return the folder `<utc time>-<id>`; an existing folder is never reused."""
    while True:
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = root / f"{moment}-{secrets.token_hex(4)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder except the manifest, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path != folder / MANIFEST
    }


def _digest_of(manifest: Mapping[str, Any]) -> str:
    text = json.dumps({key: manifest[key] for key in manifest if key != "digest"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an evidence folder.

    Raises:
        EvidenceNotFoundError: the folder has no manifest.
        EvidenceError: the manifest cannot be read or parsed.
    """
    if not (folder / MANIFEST).exists():
        raise EvidenceNotFoundError(
            f"{folder}: not a closed evidence folder: {MANIFEST} is missing."
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{folder}: not a closed evidence folder: {error}") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise EvidenceError(f"{folder}: {MANIFEST} is not a manifest of securenet-obs.")
    return manifest


def verify(folder: Path) -> list[str]:
    """Return the changes to an evidence folder since it was closed, one sentence each.

    Raises:
        EvidenceError: the folder has no manifest, or a file cannot be read.
    """
    manifest = read_manifest(folder)
    try:
        present = _digests(folder)
    except OSError as error:
        raise EvidenceError(f"{folder}: cannot be read: {error.strerror}") from error
    written = manifest["files"]
    both = written.keys() & present.keys()
    changes = [f"{name}: changed" for name in both if present[name] != written[name]]
    changes += [f"{name}: missing" for name in written if name not in present]
    changes += [f"{name}: added" for name in present if name not in written]
    if manifest.get("digest") != _digest_of(manifest):
        changes.append(f"{MANIFEST}: changed")
    return sorted(changes)
