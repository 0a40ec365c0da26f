"""Reads log files one by one, each once, even if they are rotated meanwhile; `-` is stdin."""

import io
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from securenet_obs.errors import NotFoundError
from securenet_obs.probes.logs.files.batches import Batch, Fault, read_batches
from securenet_obs.probes.logs.files.compression import (
    Stream,
    UnsupportedCompressionError,
    open_stream,
)
from securenet_obs.probes.logs.files.rotations import parse_log_name
from securenet_obs.probes.logs.files.sources import (
    LogFiles,
    Skipped,
    identify,
    is_pipe,
    read_head,
    search_log_files,
)
from securenet_obs.probes.logs.records.gathering import GatheredRange

STDIN = "-"
"""The source that is read from standard input."""

Part: TypeAlias = Batch | Fault | GatheredRange
"""Lines of a file, or the reason why a line or the rest of the file is not read."""

ReadPlain: TypeAlias = Callable[["io.BufferedReader[Any]", int], Iterator[Part]]
"""Reads a plain file from its beginning to the size that it has now."""

_MAX_SEARCHES = 100
"""Maximum number of searches for the files of one reading, one after each rotation."""


class LogReading:
    """One reading of log sources: the batches of each file, and the files that are skipped."""

    def __init__(self, *sources: str | Path, read_plain: ReadPlain | None = None) -> None:
        """Search for the files.

        Raises:
            SettingsError: no source was given.
            NotFoundError: a source does not exist, or holds no log file.
        """
        self._read_plain = read_plain or read_alone
        self._has_stdin = STDIN in map(str, sources)
        self._sources = [source for source in sources if str(source) != STDIN]
        self._found = LogFiles([], []) if self._is_stdin_only else search_log_files(*self._sources)
        self._identities = {path: identify(path) for path in self._found.files}
        self._searches = 1
        self._read: set[object] = set()
        self._heads: defaultdict[object, list[bytes]] = defaultdict(list)

    @property
    def _is_stdin_only(self) -> bool:
        return self._has_stdin and not self._sources

    @property
    def skipped(self) -> list[Skipped]:
        """The files that are not read, each with the reason."""
        return self._found.skipped

    def read(self) -> Iterator[tuple[Path, Part]]:
        """Yield each file's batches of lines and faults, with its path."""
        if self._has_stdin:
            for part in _read_stdin():
                yield Path(STDIN), part
        unread = list(self._found.files)
        while unread:
            path = unread.pop(0)
            try:
                file = path.open("rb")
            except OSError as error:
                if isinstance(error, FileNotFoundError) and self._search_again():
                    unread = self._select_unread()
                else:
                    yield path, Fault(0, f"unreadable: {error.strerror}")
                continue
            with file:
                if self._is_replaced(path, file) and self._search_again():
                    unread = self._select_unread()
                    continue
                self._read.add(_identify_open(file))
                if not is_pipe(path):
                    self._heads[_name_log(path)].append(read_head(path))
                size = os.fstat(file.fileno()).st_size
                for part in _read_file(file, path.name, size, self._read_plain):
                    yield path, part

    def _is_replaced(self, path: Path, file: BinaryIO) -> bool:
        return self._identities[path] != _identify_open(file)

    def _search_again(self) -> bool:
        """Find the files under their new names; return whether a source still has any."""
        if self._searches == _MAX_SEARCHES:
            return False
        self._searches += 1
        try:
            self._found = search_log_files(*self._sources)
        except NotFoundError:
            return False
        self._identities = {path: identify(path) for path in self._found.files}
        return True

    def _select_unread(self) -> list[Path]:
        """Return the files that were not read, neither themselves nor before their compression."""
        unread = (path for path, one in self._identities.items() if one not in self._read)
        return [path for path in unread if not self._was_read_uncompressed(path)]

    def _was_read_uncompressed(self, path: Path) -> bool:
        if not parse_log_name(path.name).is_compressed:
            return False
        head = read_head(path)
        return any(one.startswith(head) for one in self._heads[_name_log(path)])


def _name_log(path: Path) -> tuple[Path, str]:
    return path.parent, parse_log_name(path.name).log


def _identify_open(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino


def _read_stdin() -> Iterator[Part]:
    # A process can have none, and that of a notebook has no bytes.
    file = getattr(sys.stdin, "buffer", None)
    if file is None or file.closed:
        yield Fault(0, "unreadable: there is no standard input")
        return
    yield from _read_file(file, STDIN, 0, read_alone)


def _read_file(file: BinaryIO, name: str, size: int, read_plain: ReadPlain) -> Iterator[Part]:
    """Yield the batches of an open file; of a plain one with a size the bytes that it has now."""
    # Standard input can be replaced by any binary file.
    raw: Any = file
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)
    try:
        stream = open_stream(buffered, name)
    except UnsupportedCompressionError as error:
        yield Fault(0, str(error))
    except OSError as error:
        yield Fault(0, f"unreadable: {error.strerror}")
    else:
        if size and not stream.compression:
            yield from read_plain(buffered, size)
        else:
            yield from read_batches(stream)


def read_alone(file: "io.BufferedReader[Any]", size: int) -> Iterator[Part]:
    """Yield the batches of a plain file, up to this size in bytes."""
    return read_batches(Stream(file, ""), size)
