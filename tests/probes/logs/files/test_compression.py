import bz2
import gzip
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securenet_obs.probes.logs.files.compression import zstd
from securenet_obs.probes.logs.frame import log_frame


def compress_checked(content: bytes) -> bytes:
    """Compress as the program zstd does, with a checksum."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


FORMATS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": (".gz", gzip.compress),
    "bzip2": (".bz2", bz2.compress),
    "xz": (".xz", lzma.compress),
    "zstd": (".zst", compress_checked),
}
LINES = b"".join(b'{"id": "%b"}\n' % os.urandom(16).hex().encode() for _ in range(60_000))


@pytest.mark.parametrize("name", ["a.log", "a.log{}", "a.log.1{}"])
@pytest.mark.parametrize("compression", FORMATS)
def test_compressed_file_is_read_by_its_content(
    tmp_path: Path, compression: str, name: str
) -> None:
    """Each format is recognised under any name, several members in one file included."""
    suffix, compress = FORMATS[compression]
    file = tmp_path / name.format(suffix)
    file.write_bytes(compress(b'{"n": 1}\n{"n"') + compress(b': 2}\n{"n": 3}\n'))
    logs = log_frame(file)
    assert logs.frame["n"].tolist() == [1, 2, 3]
    assert logs.rejected_lines.empty


@pytest.mark.slow
@pytest.mark.parametrize("compression", FORMATS)
def test_truncated_file_is_read_up_to_its_end(tmp_path: Path, compression: str) -> None:
    """The complete lines are read, then the fault is named."""
    suffix, compress = FORMATS[compression]
    packed = compress(LINES)
    file = tmp_path / f"a.log{suffix}"
    file.write_bytes(packed[: len(packed) * 2 // 3])
    logs = log_frame(file)
    assert len(logs.frame) > 10_000
    (fault,) = logs.rejected_lines.to_dict("records")
    assert fault["line"] == len(logs.frame) + 1
    assert fault["reason"] == f"truncated {compression}: the compressed file is incomplete"


@pytest.mark.slow
@pytest.mark.parametrize("compression", FORMATS)
def test_damaged_file_is_read_up_to_the_damage(tmp_path: Path, compression: str) -> None:
    """Lines before the damage are read, then the fault is named; a file is never half lost."""
    suffix, compress = FORMATS[compression]
    packed = bytearray(compress(LINES))
    middle = len(packed) * 2 // 3
    packed[middle : middle + 400] = os.urandom(400)
    file = tmp_path / f"a.log{suffix}"
    file.write_bytes(packed)
    logs = log_frame(file)
    assert 1_000 < len(logs.frame) < 60_000
    assert logs.rejected_lines["reason"].iloc[-1] == (
        f"corrupt {compression}: the rest cannot be unpacked"
    )


@pytest.mark.parametrize(
    "content", [b"plain\n", b"\x1f\x8b\x08broken" * 10, b"BZhno", b"\xfd7zXZ\0"]
)
@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_file_that_cannot_be_unpacked_is_one_fault(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    """A file whose name or beginning promises a format that it has not is not read as lines."""
    file = tmp_path / f"a.log{suffix}"
    file.write_bytes(content)
    ((line, reason),) = log_frame(file).rejected_lines[["line", "reason"]].to_numpy()
    assert line == 1
    assert reason.startswith(("corrupt ", "truncated "))


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"PK\x03\x04", "zip"), (b"\x04\x22\x4d\x18", "lz4"), (b"\x1f\x9d", "compress")],
)
def test_unsupported_compression_is_one_fault(tmp_path: Path, start: bytes, name: str) -> None:
    """A format that is not read is named, and its bytes are not taken for lines."""
    file = tmp_path / "a.log"
    file.write_bytes(start + b"\n\n\nx\n" * 100)
    ((line, reason),) = log_frame(file).rejected_lines[["line", "reason"]].to_numpy()
    assert (line, reason) == (0, f"{name} is not supported: decompress it first")


def compress_with_window(compression: str, log: int, content: bytes) -> bytes:
    """Compress with a dictionary, or window, of 2**log bytes."""
    if compression == "xz":
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 2**log}]
        return lzma.compress(content, filters=filters)
    # Of a content that is known at once the window is only as large as the content.
    stream = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
    return stream.compress(content) + stream.flush()


@pytest.mark.parametrize("compression", ["xz", "zstd"])
def test_memory_that_a_file_may_claim_is_bounded(tmp_path: Path, compression: str) -> None:
    """A file made by the strongest setting is read; one that claims a gigabyte is a fault."""
    (tmp_path / "a.log").write_bytes(
        compress_with_window(compression, 26 if compression == "xz" else 27, LINES)
    )
    (tmp_path / "b.log").write_bytes(compress_with_window(compression, 30, LINES))
    logs = log_frame(tmp_path)
    assert len(logs.frame) == 60_000
    (fault,) = logs.rejected_lines.to_dict("records")
    assert Path(fault["file"]).name == "b.log"
    assert fault["reason"] == f"{compression} that needs more than 128 MiB to be unpacked"


def test_streams_of_an_xz_file_may_be_padded(tmp_path: Path) -> None:
    """Zeros may follow a stream, also over the size of a read; any other byte is a fault."""
    one, two = (lzma.compress(b'{"n": %d}\n' % number) for number in (1, 2))
    (tmp_path / "a.log").write_bytes(one + bytes(300_000) + two + bytes(8))
    logs = log_frame(tmp_path)
    assert logs.frame["n"].tolist() == [1, 2]
    assert logs.rejected_lines.empty
    (tmp_path / "a.log").write_bytes(one + b"more bytes")
    logs = log_frame(tmp_path)
    assert logs.frame["n"].tolist() == [1]
    assert logs.rejected_lines["reason"].tolist() == ["corrupt xz: the rest cannot be unpacked"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("content", [b"\n", b"x", b" ", b"\0"])
@pytest.mark.parametrize("compression", FORMATS)
def test_bomb_is_read_in_bounded_memory(tmp_path: Path, compression: str, content: bytes) -> None:
    """64 MiB of blank lines, or of one line, cost little memory, however small the file."""
    suffix, compress = FORMATS[compression]
    bomb = compress(b'{"n": 1}\n') + compress(content * 2**20) * 64 + compress(b'\n{"n": 2}\n')
    (tmp_path / f"a.log{suffix}").write_bytes(bomb)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    valid, kibibytes = map(int, done.stdout.split())
    assert valid == 2
    assert kibibytes < 32 * 1024


MEASURE = """
import sys
from pathlib import Path
from securenet_obs.probes.logs.check import check_lines
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
print(check_lines(sys.argv[1])["valid"], peak() - before)
"""
