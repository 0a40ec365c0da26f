"""Reads OSV records from JSON files, folders, and zip archives as OSV publishes them."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from securenet_obs.errors import AdvisoriesError

MAX_RECORD_BYTES = 32 * 1024 * 1024
"""Maximum size of a record: a small archive may unpack to much."""


class Source(NamedTuple):
    """A record, or the reason why it cannot be read, and its place."""

    place: str
    record: Any
    problem: str = ""


def read_records(path: Path) -> Iterator[Source]:
    """Yield the records of a file, an archive, or all of them in a folder.

    Raises:
        AdvisoriesError: the folder has none, or the file is neither JSON nor an archive.
        OSError: a file cannot be opened.
    """
    if not path.is_dir():
        yield from _read_file(path, path.name)
        return
    files = sorted(_find(path))
    if not files:
        raise AdvisoriesError(f"{path} has no advisories: neither *.json nor *.zip")
    for file in files:
        yield from _read_file(file, file.relative_to(path).as_posix())


def _find(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in names if name.endswith((".json", ".zip")))


def _read_file(path: Path, name: str) -> Iterator[Source]:
    if path.suffix != ".zip":
        yield _parse(path.read_bytes(), name)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".json"):
                    yield _read_member(archive, member, name)
    except zipfile.BadZipFile as error:
        raise AdvisoriesError(f"{name} is not a zip archive: {error}") from None


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Source:
    place = f"{name}: {member.filename}"
    if member.file_size > MAX_RECORD_BYTES:
        return Source(place, None, f"the record has more than {MAX_RECORD_BYTES} bytes")
    try:
        return _parse(archive.read(member), place)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        return Source(place, None, str(error))


def _parse(data: bytes, place: str) -> Source:
    try:
        return Source(place, orjson.loads(data))
    except orjson.JSONDecodeError as error:
        return Source(place, None, f"it is not valid JSON: {error}")
