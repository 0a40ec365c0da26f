"""Opens plain and compressed log files by their content; names faults in compressed data."""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from pathlib import Path
from typing import Any, NamedTuple, Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_SUFFIXES = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
_UNSUPPORTED = {
    b"PK\x03\x04": "zip",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x1f\x9d": "compress",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
}
_LONGEST_MAGIC = 6

_WINDOW_LOG = 27
_MAX_WINDOW_BYTES = 2**_WINDOW_LOG
"""Memory that a compressed file may claim: that of `zstd --ultra -22`, twice that of `xz -9`."""

DATA_ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError)
"""Errors of reading a compressed file; `describe_fault` explains them."""


class UnsupportedCompressionError(ValueError):
    """The file is compressed by a format that is not read."""


class Readable(Protocol):
    """A binary file that returns the bytes of one read, before an error of the next."""

    def read1(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


class Stream(NamedTuple):
    """The decompressed bytes of a file, and the format of its compression: "" if plain."""

    file: Readable
    compression: str


def open_stream(file: "io.BufferedReader[Any]", name: str) -> Stream:
    """Return the decompressed content of a file: gzip, bzip2, xz, zstd or plain.

    Raises:
        UnsupportedCompressionError: it is compressed in another format.
    """
    start = file.peek(_LONGEST_MAGIC)[:_LONGEST_MAGIC]
    other = _find_format(start, _UNSUPPORTED)
    if other:
        raise UnsupportedCompressionError(f"{other} is not supported: decompress it first")
    compression = _find_format(start, _MAGIC)
    if start and not compression:
        compression = _SUFFIXES.get(Path(name).suffix.lower(), "")
    match compression:
        case "gzip":
            return Stream(gzip.GzipFile(fileobj=file), compression)
        case "bzip2":
            return Stream(bz2.BZ2File(file), compression)
        case "xz":
            return Stream(_XzFile(file), compression)
        case "zstd":
            options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
            return Stream(zstd.ZstdFile(file, options=options), compression)
    return Stream(file, "")


class _XzFile:
    """Decompresses the streams of an xz file in bounded memory, which `lzma.LZMAFile` does not."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._begin()

    def _begin(self) -> None:
        self._stream = lzma.LZMADecompressor(memlimit=_MAX_WINDOW_BYTES)

    def read1(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        part = b""
        while not part:
            packed = b""
            if self._stream.eof:
                packed = self._find_next(size)
                if not packed:
                    return b""
                self._begin()
            elif self._stream.needs_input:
                packed = self._file.read1(size)
                if not packed:
                    raise EOFError
            part = self._stream.decompress(packed, size)
        return part

    def _find_next(self, size: int) -> bytes:
        """Return the beginning of the next stream; zeros may precede it."""
        packed = self._stream.unused_data.lstrip(b"\0")
        while not packed and (read := self._file.read1(size)):
            packed = read.lstrip(b"\0")
        return packed


def describe_fault(error: Exception, compression: str) -> str:
    """Return the reason why the rest of a file cannot be read."""
    if isinstance(error, OSError) and error.errno is not None:
        return f"unreadable from here on: {error.strerror}"
    if isinstance(error, EOFError):
        return f"truncated {compression}: the compressed file is incomplete"
    if "memory" in str(error).lower():
        return f"{compression} that needs more than {_MAX_WINDOW_BYTES >> 20} MiB to be unpacked"
    return f"corrupt {compression}: the rest cannot be unpacked"


def _find_format(start: bytes, formats: dict[bytes, str]) -> str:
    return next((name for magic, name in formats.items() if start.startswith(magic)), "")
