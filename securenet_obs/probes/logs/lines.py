"""Finds log files, yields lines (plain, gzip) or problems; detects files still being written."""

import errno
import fcntl
import glob
import gzip
import io
import os
import re
import signal
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from securenet_obs.errors import NotFoundError, SettingsError

MAX_LINE_BYTES = 1024 * 1024
"""Maximum length of a line in bytes; a longer line is rejected without being kept."""

SETTLE_S = 0.25
"""Seconds in which a file must grow to count as being written, if no writer can be detected."""

_LOG_NAME = re.compile(r"\.(log|json|jsonl|ndjson)(\.\d+)?(\.gz)?$", re.IGNORECASE)
_GZIP_MAGIC = b"\x1f\x8b"


class Line(NamedTuple):
    """One line without its line feed; `problem` is the reason why it has no content.

    `is_cut` is set if no line feed ended it: the file ends within this line, or with it.
    """

    number: int
    content: bytes = b""
    problem: str = ""
    is_cut: bool = False


def find_log_files(*sources: str | Path) -> list[Path]:
    """Resolve sources to log files, each once, in a stable order.

    A source is a file, a folder (searched for *.log, *.json, *.jsonl, *.ndjson, their rotated
    .1, .2, ... and their .gz) or a glob, in which ** spans folders.

    Raises:
        SettingsError: no source was given.
        NotFoundError: a source, which the message names, does not exist or holds no log file.
    """
    if not sources or not all(map(str, sources)):
        raise SettingsError(
            "No log source is given; name files, folders or globs, or set LOG_SOURCE."
        )
    return list(
        {path.resolve(): path for source in sources for path in _expand_source(source)}.values()
    )


def _expand_source(source: str | Path) -> list[Path]:
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if _LOG_NAME.search(file.name)]
    else:
        found = [Path(name) for name in glob.iglob(str(path), recursive=True)]
    files = sorted(file for file in found if file.is_file())
    if not files:
        raise NotFoundError(
            f"{source} is not a log file, and not a folder or glob that contains one."
        )
    return files


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the current lines of a file except blank ones, in bounded memory.

    Errors do not stop it: a problem with a line, or with the file, is yielded in its place. A
    problem with the whole file has line number 0.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        yield Line(0, problem=f"unreadable: {error.strerror}")
        return
    number = 0
    with file, _decompress(file, path) as stream:
        try:
            for line in _split_lines(stream):
                number = line.number
                if line.problem or line.content.strip():
                    yield line
        except EOFError:
            yield Line(number + 1, problem="truncated gzip: the compressed file is incomplete")
        except (gzip.BadGzipFile, zlib.error):
            yield Line(number + 1, problem="corrupt gzip: the rest cannot be unpacked")
        except OSError as error:
            yield Line(number + 1, problem=f"unreadable from here on: {error.strerror}")


def is_being_written(path: Path) -> bool:
    """Return whether a process has the file open for writing, or it grows within `SETTLE_S`."""
    try:
        with path.open("rb") as file:
            if _has_writer(file):
                return True
            size = os.fstat(file.fileno()).st_size
            time.sleep(SETTLE_S)
            return os.fstat(file.fileno()).st_size != size
    except OSError:
        return False


def _has_writer(file: IO[bytes]) -> bool:
    """Request a read lease, which Linux refuses while the file is open for writing."""
    if sys.platform != "linux":
        return False
    # Linux signals the holder when a writer opens the file; SIGIO, the default, would end us.
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _decompress(file: io.BufferedReader, path: Path) -> io.BufferedReader | gzip.GzipFile:
    magic = file.peek(2)[:2]
    if magic == _GZIP_MAGIC or (magic and path.suffix.lower() == ".gz"):
        return gzip.GzipFile(fileobj=file)
    return file


def _split_lines(stream: io.BufferedReader | gzip.GzipFile) -> Iterator[Line]:
    number = 0
    while content := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(content) > MAX_LINE_BYTES:
            while content and not content.endswith(b"\n"):
                content = stream.readline(MAX_LINE_BYTES)
            yield Line(number, problem=f"longer than {MAX_LINE_BYTES} bytes")
        else:
            yield Line(number, content.rstrip(b"\r\n"), is_cut=not content.endswith(b"\n"))
