"""Streams of plain, gzip and zstd files, recognised by their first bytes."""

import io
import sys
import zlib
from typing import Any, TypeAlias

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Stream: TypeAlias = "io.BufferedReader[Any]"

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CHUNK_BYTES = 256 * 1024
_GZIP_WINDOW = zlib.MAX_WBITS | 16
# Memory that a compressed file may claim: that of `zstd --ultra -22`.
_ZSTD_WINDOW_LOG = 27


class Unpacked(io.RawIOBase):
    """The decompressed content of a file; it ends at a fault, which `fault` describes.

    The content of a truncated or corrupt file is read up to the fault, unlike with `gzip`.
    """

    def __init__(self, file: Stream, compression: str) -> None:
        self._file, self._compression = file, compression
        self._decompressor = self._begin()
        self._rest = b""
        self._input = b""
        self.fault = ""

    def readable(self) -> bool:
        """Return True: the stream can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read decompressed bytes into a buffer; return their number, 0 at the end or a fault."""
        while not self._rest and self._unpack():
            pass
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def _begin(self) -> Any:
        if self._compression == "gzip":
            return zlib.decompressobj(_GZIP_WINDOW)
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return zstd.ZstdDecompressor(options=options)

    def _unpack(self) -> bool:
        """Unpack some input; return False at the end of the file, and at a fault."""
        if self._decompressor.eof:
            self._input = self._decompressor.unused_data.lstrip(b"\0")
            self._input = self._input or self._file.read(_CHUNK_BYTES).lstrip(b"\0")
            if not self._input:
                return False
            self._decompressor = self._begin()
        try:
            self._rest = self._next()
        except (zlib.error, zstd.ZstdError):
            self.fault = f"corrupt {self._compression}: the rest cannot be unpacked"
            return False
        return not self.fault

    def _next(self) -> bytes:
        return self._next_of_gzip() if self._compression == "gzip" else self._next_of_zstd()

    def _next_of_gzip(self) -> bytes:
        data = self._decompressor.unconsumed_tail or self._take_input()
        if data:
            unpacked: bytes = self._decompressor.decompress(data, _CHUNK_BYTES)
        else:
            unpacked = self._decompressor.flush()
            self._end(self._decompressor.eof)
        return unpacked

    def _next_of_zstd(self) -> bytes:
        data = self._take_input() if self._decompressor.needs_input else b""
        if self._decompressor.needs_input and not data:
            self._end(False)
            return b""
        unpacked: bytes = self._decompressor.decompress(data, max_length=_CHUNK_BYTES)
        return unpacked

    def _take_input(self) -> bytes:
        data, self._input = self._input or self._file.read(_CHUNK_BYTES), b""
        return data

    def _end(self, is_complete: bool) -> None:
        if not is_complete:
            self.fault = f"truncated {self._compression}: the file ends too early"


def compression_of(start: bytes) -> str:
    """Return the compression of a file with these first bytes: `gzip`, `zstd`, or ""."""
    if start.startswith(_GZIP):
        return "gzip"
    return "zstd" if start.startswith(_ZSTD) else ""
