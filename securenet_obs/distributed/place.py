"""The shared place of evidence: parts of runs, plans and closed folders, by fsspec."""

import io
import json
import uuid
import zipfile
from datetime import timedelta
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from securenet_obs.errors import EvidenceError, SettingsError
from securenet_obs.runner.evidence.folder import MANIFEST

MAX_PART_BYTES = 500_000_000
"""Maximum size of a part when it is unpacked."""

_RETRIES: dict[str, Any] = {"max_retries": 4, "retry_timeout": timedelta(seconds=30)}


class Place:
    """A folder or a bucket that the caller and all validation workers may write.

    A part is one file, and so is complete once it is there:

    - `RUN.ATTEMPT.zip`: the evidence folder of a run, written by its worker;
    - `COMMAND.plan.json`: the plan of a command that is not closed yet;
    - `COMMAND/`: the closed evidence folder of a command.

    Args:
        url: `file:///srv/evidence`, `s3://bucket/prefix`, or any that fsspec knows.

    Raises:
        SettingsError: the URL cannot be used, or a package for it is missing.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        folder = _folder_of(self.url)
        if folder is not None and not folder.startswith("/"):
            # Callers and workers would have a place each, in the folder where they were started.
            raise SettingsError(
                f"VALIDATION_EVIDENCE: {url}: not a shared place: name a folder by its whole path, "
                "such as file:///srv/evidence, or a bucket, such as s3://bucket/evidence."
            )
        try:
            self._files, self._root = _open(self.url, folder)
        except ImportError as error:
            own = (
                f"{error.name} is missing: "
                "python -m pip install 'securenet-obs[notebooks,distributed]'"
            )
            # fsspec has a sentence of its own for the package of another kind of place.
            reason = own if error.name else str(error)
            raise SettingsError(f"VALIDATION_EVIDENCE: {self.url}: {reason}") from error
        except Exception as error:
            raise SettingsError(
                f"VALIDATION_EVIDENCE: {self.url}: not a shared place: {error}"
            ) from error

    def check(self) -> None:
        """Check that a file can be written.

        Raises:
            EvidenceError: it cannot be written.
        """
        name = f".writable-{uuid.uuid4()}"  # Another user's file could not be replaced.
        self._write(name, b"")
        self._delete(name)

    def put_part(self, run: str, attempt: int, folder: Path) -> None:
        """Write the evidence folder of a run as one file.

        Raises:
            EvidenceError: it cannot be written.
        """
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder).as_posix())
        self._write(_part(run, attempt), packed.getvalue())

    def get_part(self, run: str, attempt: int, folder: Path) -> bool:
        """Unpack the evidence folder of a run; return whether it is there.

        Raises:
            EvidenceError: it cannot be read or unpacked.
        """
        data = self._read(_part(run, attempt))
        if data is None:
            return False
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(each.file_size for each in archive.infolist()) > MAX_PART_BYTES:
                    raise EvidenceError(f"{self.url}/{_part(run, attempt)}: it is too large")
                archive.extractall(folder)  # it keeps every file inside of the folder
        except (zipfile.BadZipFile, OSError) as error:
            raise EvidenceError(f"{self.url}/{_part(run, attempt)}: {error}") from error
        return True

    def has_part(self, run: str, attempt: int) -> bool:
        """Return whether the part of a run is there; a place that does not answer has none."""
        try:
            return bool(self._files.exists(f"{self._root}/{_part(run, attempt)}"))
        except Exception:  # noqa: BLE001 every file system has errors of its own
            return False

    def put_plan(self, command: str, plan: dict[str, Any]) -> None:
        """Write the plan of a command.

        Raises:
            EvidenceError: it cannot be written.
        """
        self._write(f"{command}.plan.json", json.dumps(plan).encode())

    def get_plan(self, command: str) -> dict[str, Any] | None:
        """Return the plan of a command; None if there is none.

        Raises:
            EvidenceError: it cannot be read, or is not a plan.
        """
        data = self._read(f"{command}.plan.json")
        if data is None:
            return None
        try:
            return dict(json.loads(data))
        except (ValueError, TypeError) as error:
            raise EvidenceError(f"{self.url}/{command}.plan.json: it is not a plan") from error

    def is_closed(self, command: str) -> bool:
        """Return whether the closed evidence of a command is there.

        Raises:
            EvidenceError: the place cannot be read.
        """
        return self._read(f"{command}/{MANIFEST}") is not None

    def open_commands(self) -> list[str]:
        """Return the commands that have a plan: their evidence is not closed yet.

        Raises:
            EvidenceError: the place cannot be read.
        """
        found = self._call(lambda: self._files.glob(f"{escape(self._root)}/*.plan.json"))
        return sorted(PurePosixPath(path).name.removesuffix(".plan.json") for path in found)

    def publish(self, command: str, folder: Path, runs: list[str]) -> None:
        """Write a closed evidence folder, then delete the command's plan and parts.

        Its manifest is written last: with it the command is closed.

        Raises:
            EvidenceError: the folder cannot be written; plan and parts stay.
        """
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in sorted(paths, key=lambda path: path == folder / MANIFEST):
            self._write(f"{command}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        self.delete_plan(command)
        for run in runs:
            for attempt in (1, 2):
                self._delete(_part(run, attempt))

    def delete_plan(self, command: str) -> None:
        """Delete the plan of a closed command; in a folder with the sticky bit its writer can."""
        self._delete(f"{command}.plan.json")

    def delete_own_parts(self) -> None:
        """Delete the parts of closed commands that the process that closed them may not delete.

        In a folder with the sticky bit only the user that wrote a file may.

        Raises:
            EvidenceError: the place cannot be read.
        """
        if not _is_local(self._files):
            return
        for path in self._call(lambda: self._files.glob(f"{escape(self._root)}/*.zip")):
            name = PurePosixPath(path).name
            if self.is_closed(name.split(".")[0]):
                self._delete(name)

    def _write(self, name: str, data: bytes) -> None:
        path = f"{self._root}/{name}"

        def write() -> None:
            if _is_local(self._files):
                _write_local(Path(path), data)
            else:
                self._files.pipe_file(path, data)

        self._call(write)

    def _read(self, name: str) -> bytes | None:
        try:
            return bytes(self._files.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._failed(error) from error

    def _delete(self, name: str) -> None:
        """Delete a file; one of another user in a folder stays, and does not matter."""
        try:
            self._files.rm_file(f"{self._root}/{name}")
        except Exception:  # noqa: BLE001 every file system has errors of its own
            return

    def _call(self, call: Any) -> Any:
        try:
            return call()
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> EvidenceError:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return EvidenceError(f"{self.url}: the shared place of evidence: {reason}")


def _folder_of(url: str) -> str | None:
    """Return the path of the folder that a URL or a path names; None for any other place."""
    if url.startswith("file:"):
        # The URL of a folder may have escapes such as %20, which are names for fsspec.
        return unquote(url.removeprefix("file:").removeprefix("//"))
    return None if "://" in url else url


def _open(url: str, folder: str | None) -> tuple[Any, str]:
    """Return the file system of a place, and the place's path there.

    Raises:
        ImportError: a package for it is missing.
    """
    import fsspec

    if folder is not None:
        # fsspec takes `::` in the path of a URL for a chain of places.
        return fsspec.filesystem("file"), folder.rstrip("/")
    options: dict[str, Any] = {}
    if url.startswith("s3://"):
        from obstore.fsspec import register

        register("s3")
        options = {"retry_config": _RETRIES}
    files, root = fsspec.core.url_to_fs(url, **options)
    return files, root


def _part(run: str, attempt: int) -> str:
    return f"{run}.{attempt}.zip"


def _is_local(files: Any) -> bool:
    protocol = files.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


def _write_local(path: Path, data: bytes) -> None:
    """Write a file for all users of the place to read, complete once it is there."""
    from securenet_obs.processes.atomic_file import replace_file

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data, mode=0o644, to_disk=True)
