"""Finds log files with their rotations, oldest first; names the files that are skipped."""

import glob
import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from securenet_obs.errors import NotFoundError, SettingsError
from securenet_obs.probes.logs.files.compression import (
    DATA_ERRORS,
    UnsupportedCompressionError,
    open_stream,
)
from securenet_obs.probes.logs.files.rotations import (
    LOG_EXTENSIONS,
    LogName,
    order_by_age,
    parse_log_name,
)

HEAD_BYTES = 4096
"""Bytes at a file's beginning by which a compressed copy of a rotation is recognised."""


class Skipped(NamedTuple):
    """A file or folder of a source that is not read, and the reason."""

    file: str
    reason: str


class LogFiles(NamedTuple):
    """The files to read, in order, and those that are skipped."""

    files: list[Path]
    skipped: list[Skipped]


def find_log_files(*sources: str | Path) -> list[Path]:
    """Return the files of `search_log_files`, without those that are skipped.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source, which the message names, does not exist or holds no log file.
    """
    return search_log_files(*sources).files


def search_log_files(*sources: str | Path) -> LogFiles:
    """Resolve sources to log files, each once: sources in their order, logs by name.

    A source is a file, a folder (searched for *.log, *.json, *.jsonl and *.ndjson) or a glob, in
    which ** spans folders. The rotations of a log are read before it, oldest first: numbered or
    dated ones in its folder, plain or compressed. A rotation that is named itself is read alone.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source, which the message names, does not exist or holds no log file.
    """
    if not sources or not all(map(str, sources)):
        raise SettingsError(
            "No log source is given; name files, folders or globs, or set LOG_SOURCE."
        )
    files: dict[tuple[int, int] | Path, Path] = {}
    skipped: dict[str, Skipped] = {}
    for source in sources:
        found = _expand_source(source)
        for path in found.files:
            files.setdefault(identify(path), path)
        skipped |= {entry.file: entry for entry in found.skipped}
    read = set(map(str, files.values()))
    return LogFiles(list(files.values()), [one for one in skipped.values() if one.file not in read])


def identify(path: Path) -> tuple[int, int] | Path:
    """Return the device and inode of a file, which its name may lose to another file."""
    try:
        status = path.stat()
    except OSError:
        return path
    return status.st_dev, status.st_ino


def _expand_source(source: str | Path) -> LogFiles:
    path = Path(source).expanduser()
    skipped: list[Skipped] = []
    if path.is_file():
        found = [path, *_find_rotations(path)]
    elif path.is_dir():
        found = list(_search_folder(path, skipped))
    else:
        matches = [Path(name) for name in glob.iglob(str(path), recursive=True)]
        named = [match for match in matches if match.is_file()]
        found = [*named, *(other for match in named for other in _find_rotations(match))]
    if not found:
        raise NotFoundError(
            f"{source} is not a log file, and not a folder or glob that contains one."
        )
    return LogFiles(list(_order(set(found), skipped)), skipped)


def _find_rotations(path: Path) -> Iterator[Path]:
    """Yield the rotations of a live log, which stand in its folder."""
    name = parse_log_name(path.name)
    if name.is_rotation or name.is_compressed:
        return
    with os.scandir(path.parent) as entries:
        for entry in entries:
            other = parse_log_name(entry.name)
            if other.log == name.log and other.is_rotation and entry.is_file():
                yield path.parent / entry.name


def _search_folder(folder: Path, skipped: list[Skipped]) -> Iterator[Path]:
    def skip(path: str | Path, reason: str) -> None:
        skipped.append(Skipped(str(path), reason))

    def skip_unreadable(error: OSError) -> None:
        skip(error.filename, f"unreadable: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=skip_unreadable):
        for name in folders:
            if os.path.islink(os.path.join(parent, name)):
                skip(Path(parent, name), "a link to a folder")
        for name in names:
            path = Path(parent, name)
            if not parse_log_name(name).log.lower().endswith(LOG_EXTENSIONS):
                skip(path, "not a log by its name")
            elif not path.is_file():
                skip(path, "not a regular file")
            else:
                yield path


def _order(paths: Iterable[Path], skipped: list[Skipped]) -> Iterator[Path]:
    """Yield the files of each log together, oldest first; skip copies of a rotation."""
    named = [(path.parent, parse_log_name(path.name), path) for path in paths]
    named.sort(key=lambda one: (one[0], one[1].log, one[2]))
    for _, group in groupby(named, key=lambda one: (one[0], one[1].log)):
        files = [(name, path) for _, name, path in group]
        has_live_log = any(not name.is_rotation for name, _ in files)
        files.sort(key=lambda one: (order_by_age(one[0], has_live_log), one[1]))
        yield from _drop_copies(files, skipped)


def _drop_copies(files: Iterable[tuple[LogName, Path]], skipped: list[Skipped]) -> Iterator[Path]:
    """Drop a compressed rotation that stands beside the same one uncompressed."""
    for _, group in groupby(files, key=lambda one: one[0]._replace(is_compressed=False)):
        plain: list[Path] = []
        for name, path in sorted(group, key=lambda one: one[0].is_compressed):
            original = next((one for one in plain if is_copy(path, one)), None)
            if name.is_compressed and name.is_rotation and original is not None:
                skipped.append(Skipped(str(path), f"a copy of {original.name}"))
                continue
            if not name.is_compressed:
                plain.append(path)
            yield path


def is_copy(path: Path, original: Path) -> bool:
    """Return whether a file decompresses to the beginning of another, as far as it is complete."""
    return read_head(original).startswith(read_head(path))


def read_head(path: Path) -> bytes:
    """Return the first decompressed bytes of a file; fewer if it is damaged."""
    head = b""
    try:
        with path.open("rb") as file:
            stream = open_stream(file, path.name).file
            while len(head) < HEAD_BYTES and (part := stream.read1(HEAD_BYTES)):
                head += part
    except (*DATA_ERRORS, UnsupportedCompressionError):
        pass
    return head[:HEAD_BYTES]
