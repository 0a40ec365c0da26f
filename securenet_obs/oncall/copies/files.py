"""Copies of a secret in files: log files and evidence, plain or compressed; masks them there.

A process may hold its log file open and append to it. A plain file is therefore masked in place:
the same number of bytes at the same offset; it is not truncated, and its name stays its own.
"""

import bz2
import gzip
import lzma
import math
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from securenet_obs.errors import ActionError, NotFoundError, SettingsError
from securenet_obs.oncall.copies.copy import UNKNOWN, Copy, Skipped
from securenet_obs.oncall.copies.spelled import Match, Spelled
from securenet_obs.oncall.copies.windows import read_time, read_windows
from securenet_obs.probes.logs.files.compression import (
    DATA_ERRORS,
    Readable,
    Stream,
    UnsupportedCompressionError,
    describe_fault,
    open_stream,
)
from securenet_obs.probes.logs.files.sources import search_log_files

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_COMPRESS: dict[str, Callable[..., Any]] = {
    "gzip": gzip.open,
    "bzip2": bz2.open,
    "xz": lzma.open,
    "zstd": zstd.open,
}


class Files:
    """Files that may hold copies.

    Args:
        kind: word for such a file, as `log`.
        find: returns the files, and those that cannot be searched.
        root: folder to which the shown paths are relative.
    """

    def __init__(self, kind: str, find: Callable[[], Iterable[Path | Skipped]], root: Path) -> None:
        self._kind = kind
        self._find = find
        self._root = root

    def search(self, secrets: Spelled) -> Iterator[Copy | Skipped]:
        """Yield the copies of each secret in each file."""
        try:
            found = list(self._find())
        except (NotFoundError, SettingsError) as error:
            yield Skipped(self._kind, str(error))
            return
        for each in found:
            if isinstance(each, Skipped):
                yield each
            else:
                yield from self._search_file(each, secrets)

    def settle(self) -> None:
        """Do nothing: a file is masked when its purge returns."""

    def _search_file(self, path: Path, secrets: Spelled) -> Iterator[Copy | Skipped]:
        where = f"{self._kind} {secrets.mask_all(os.path.relpath(path, self._root))}"
        first: dict[str, tuple[int, str]] = {}
        counts: Counter[str] = Counter()
        try:
            with path.open("rb") as file:
                stream = open_stream(file, path.name)
                size = math.inf if stream.compression else os.fstat(file.fileno()).st_size
                for window in read_windows(stream.file, secrets, size):
                    for match in window.matches:
                        counts[match.secret] += 1
                        place = window.number_line(match), read_time(window.data, match)
                        first.setdefault(match.secret, place)
        except UnsupportedCompressionError as error:
            yield Skipped(where, str(error))
        except FileNotFoundError:
            pass
        except DATA_ERRORS as error:
            yield Skipped(where, describe_fault(error, "file"))
        for secret, count in counts.items():
            line, time = first[secret]
            yield Copy(
                secret,
                f"{where}, from line {line} on",
                count,
                time or _read_change_time(path),
                f"mask it in {where}",
                partial(mask_file, path, secrets, secret),
            )


def _read_change_time(path: Path) -> str:
    """Return the time of a file's last change: the copy is not younger."""
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return UNKNOWN
    return f"{changed:%FT%T}Z or before"


def find_log_copies(source: str) -> Iterator[Path | Skipped]:
    """Yield every regular file of a log source, copies of rotations as well.

    Raises:
        NotFoundError: the source holds no log file.
        SettingsError: the source is empty.
    """
    found = search_log_files(source)
    yield from found.files
    for path, reason in found.skipped:
        yield Path(path) if os.path.isfile(path) else Skipped(f"log {path}", reason)


def find_evidence_files(root: Path) -> Iterator[Path]:
    """Yield every regular file below an evidence root."""
    for folder, _, names in os.walk(root):
        paths = (Path(folder, name) for name in sorted(names))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def mask_file(path: Path, secrets: Spelled, secret: str) -> None:
    """Mask one of the secrets in a file; all other bytes stay.

    Raises:
        ActionError: the file cannot be read or written.
    """
    try:
        # Read and written by one descriptor: a rotation may give the name to another file.
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CLOEXEC), "rb") as file:
            stream = open_stream(file, path.name)
            if stream.compression:
                _rewrite(path, stream, secrets, secret)
            else:
                _mask_in_place(file.fileno(), stream.file, secrets, secret)
    except FileNotFoundError:
        return
    except (*DATA_ERRORS, UnsupportedCompressionError) as error:
        raise ActionError(f"{secrets.mask_all(str(path))} cannot be masked: {error}") from error


def _mask_in_place(descriptor: int, stream: Readable, secrets: Spelled, secret: str) -> None:
    size = os.fstat(descriptor).st_size
    for window in read_windows(stream, secrets, size):
        for match in window.matches:
            if match.secret == secret:
                _overwrite(descriptor, window.base + match.start, match)
    os.fsync(descriptor)


def _overwrite(descriptor: int, offset: int, match: Match) -> None:
    """Write a mask over a match; write nothing if the file was cut there since."""
    if os.pread(descriptor, len(match.spelled), offset) == match.spelled:
        os.pwrite(descriptor, match.mask, offset)


def _rewrite(path: Path, stream: Stream, secrets: Spelled, secret: str) -> None:
    """Replace a compressed file, to which nothing appends, by its masked content."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as raw, _COMPRESS[stream.compression](raw, "wb") as file:
            for window in read_windows(stream.file, secrets):
                file.write(secrets.mask(window.data, secret))
        shutil.copystat(path, temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
