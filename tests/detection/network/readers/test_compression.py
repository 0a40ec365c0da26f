"""Compressed files."""

import gzip
import io
import random
import sys
from collections.abc import Callable

import pytest

from securenet_obs.detection.network.readers.compression import Unpacked, compression_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
_rng = random.Random(0)
TEXT = b"".join(b"%d\n" % _rng.getrandbits(60) for _ in range(20_000))


def unpack(content: bytes) -> tuple[bytes, str]:
    """Return the decompressed content, and the fault that ended it."""
    unpacked = Unpacked(io.BufferedReader(io.BytesIO(content)), compression_of(content[:4]))
    return io.BufferedReader(unpacked).read(), unpacked.fault


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_compressed_file_is_unpacked(name: str) -> None:
    """Several members one after another are one content; zeros at the end are padding."""
    compress = COMPRESSORS[name]
    packed = compress(TEXT) + compress(b"") + compress(b"end") + b"\0" * 10
    assert unpack(packed) == (TEXT + b"end", "")
    zeros = bytes(5_000_000)
    assert unpack(compress(zeros)) == (zeros, "")


@pytest.mark.parametrize("name", COMPRESSORS)
def test_a_damaged_file_is_read_up_to_its_fault(name: str) -> None:
    """The fault is described, and what is before it is not lost."""
    packed = COMPRESSORS[name](TEXT)
    start, fault = unpack(packed[: len(packed) // 2])
    assert fault == f"truncated {name}: the file ends too early"
    assert start
    assert TEXT.startswith(start)
    _, fault = unpack(packed[:20_000] + b"\xff" * 20_000)
    assert fault.startswith((f"corrupt {name}", f"truncated {name}"))


def test_other_files_are_plain() -> None:
    """A file is recognised by its first bytes, not by its name."""
    assert [compression_of(start) for start in (b"{", b"", b"#sep")] == ["", "", ""]
