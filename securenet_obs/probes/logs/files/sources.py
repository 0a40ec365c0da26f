"""Finds log files and rotations, oldest first, and skipped ones; identifies files, reads heads."""

import glob
import os
import stat
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

_HEAD_BYTES = 4096
"""Bytes at a file's beginning by which a compressed copy of a rotation is recognised."""


_NOT_REGULAR = "not a regular file"


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
    dated ones in its folder, plain or compressed. A rotation that is named itself is read alone. A
    named pipe is read if it is the source itself, and skipped in a folder or glob.

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
    # A name may begin with ~ itself; Path.expanduser raises an error for an unknown user.
    path = Path(source if os.path.lexists(source) else os.path.expanduser(source))
    skipped: list[Skipped] = []
    if is_pipe(path):
        return LogFiles([path], [])
    if os.path.isdir(path):
        found = list(_search_folder(path, skipped))
    else:
        found = list(_match(path, skipped))
    if not found:
        raise NotFoundError(f"{source} is {_explain(path)}.")
    return LogFiles(list(_order(set(found), skipped)), skipped)


def _explain(path: Path) -> str:
    """Return why a source yields no file."""
    try:
        os.stat(path)
        if os.path.isdir(path):
            os.listdir(path)
    except PermissionError as error:
        return f"unreadable: {error.strerror}"
    except (OSError, ValueError):
        pass
    return "not a log file, and not a folder or glob that contains one"


def is_pipe(path: Path) -> bool:
    """Return whether a path is a named pipe, such as a shell's `<(zcat app.log.gz)`."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def _match(path: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """Yield a file, or those that match a glob, each with the rotations of a live log."""
    names = [str(path)] if os.path.isfile(path) else _expand_glob(str(path))
    for match in map(Path, names):
        if not os.path.isfile(match):
            skipped.append(Skipped(str(match), _NOT_REGULAR))
            continue
        yield match
        yield from _find_rotations(match, skipped)


def _expand_glob(pattern: str) -> Iterable[str]:
    try:
        yield from glob.iglob(pattern, recursive=True)
    except OSError:
        # A name that is too long.
        return


def _find_rotations(path: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """Yield the rotations of a live log, which stand in its folder."""
    name = parse_log_name(path.name)
    if name.is_rotation or name.is_compressed:
        return
    try:
        names = sorted(os.listdir(path.parent))
    except OSError as error:
        # A folder can permit the reading of a file, and not its own.
        skipped.append(Skipped(str(path.parent), f"unreadable: {error.strerror}"))
        return
    for file in names:
        other = parse_log_name(file)
        if other.log == name.log and other.is_rotation:
            if os.path.isfile(path.parent / file):
                yield path.parent / file
            else:
                skipped.append(Skipped(str(path.parent / file), _NOT_REGULAR))


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
            elif not os.path.isfile(path):
                skip(path, _NOT_REGULAR)
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
            original = next((one for one in plain if _is_copy(path, one)), None)
            if name.is_compressed and name.is_rotation and original is not None:
                skipped.append(Skipped(str(path), f"a copy of {original.name}"))
                continue
            if not name.is_compressed:
                plain.append(path)
            yield path


def _is_copy(path: Path, original: Path) -> bool:
    """Return whether a file decompresses to the beginning of another, as far as it is complete."""
    return read_head(original).startswith(read_head(path))


def read_head(path: Path) -> bytes:
    """Return the first decompressed bytes of a file; fewer if it is damaged."""
    head = b""
    try:
        with path.open("rb") as file:
            stream = open_stream(file, path.name).file
            while len(head) < _HEAD_BYTES and (part := stream.read1(_HEAD_BYTES)):
                head += part
    except (*DATA_ERRORS, UnsupportedCompressionError):
        pass
    return head[:_HEAD_BYTES]
