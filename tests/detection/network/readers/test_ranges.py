"""Ranges of files."""

import gzip
from pathlib import Path

from securenet_obs.detection.network.readers.entries import WHOLE, Range
from securenet_obs.detection.network.readers.ranges import divide, header_before

LINE = b'{"a": 1}\n'


def written(path: Path, content: bytes) -> Path:
    """Write a file, and return its path."""
    path.write_bytes(content)
    return path


def test_a_large_file_is_divided(tmp_path: Path) -> None:
    """Ranges have the size, and the last one ends with the file."""
    path = written(tmp_path / "log", LINE * 20_000)
    assert divide(path, 80_000) == [
        Range(0, 80_000), Range(80_000, 160_000), Range(160_000, None),
    ]  # fmt: skip


def test_a_file_that_cannot_be_divided_is_one_range(tmp_path: Path) -> None:
    """Small and compressed files, and documents over several lines."""
    assert divide(written(tmp_path / "empty", b"")) == [WHOLE]
    assert divide(written(tmp_path / "small", LINE)) == [WHOLE]
    assert divide(written(tmp_path / "gz", gzip.compress(LINE * 100_000)), 100) == [WHOLE]
    assert divide(written(tmp_path / "array", b"[\n" + LINE * 20_000), 80_000) == [WHOLE]


def test_a_range_has_the_header_before_it() -> None:
    """Of several headers the last one before the range counts."""
    first = b"#separator |\n#fields|a\n"
    second = b"#separator ;\n#fields;b\n"
    data = first + b"1\n" + second + b"2\n#close\n3\n"
    assert header_before(data, 0) == b""
    assert header_before(data, len(first) + 1) == first.rstrip()
    assert header_before(data, data.index(b"2")) == second.rstrip()
    assert header_before(data, data.index(b"3")) == second + b"#close"
    assert header_before(b"{}\n#separator", 2) == b""
