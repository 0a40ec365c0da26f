"""Ranges of files."""

import gzip
from pathlib import Path

from securenet_obs.detection.network.readers.entries import WHOLE, Range
from securenet_obs.detection.network.readers.ranges import divide, headers_before, ranges_at
from securenet_obs.detection.network.readers.zeek_tsv import HEADER
from tests.costs import cost_of

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
    positions = [0, 1, len(first) + 1, data.index(b"2"), data.index(b"3")]
    assert list(headers_before(data, positions)) == [
        b"", first.split(b"\n")[0], first.rstrip(), second.rstrip(), second + b"#close",
    ]  # fmt: skip
    assert list(headers_before(b"{}\n#separator", [2, 3, 4])) == [b"", b"", HEADER]
    assert list(headers_before(b"#comment\n{}\n", [12])) == [b""]


def test_the_search_for_headers_does_not_depend_on_the_number_of_ranges() -> None:
    """Of a table that is one header and many rows; a search for each range took minutes."""
    data = b"#separator |\n#fields|a\n" + b"1234567\n" * 500_000
    few, many = [len(data) // 2, len(data)], list(range(0, len(data), 20_000))
    cost_of_few = cost_of(lambda: list(ranges_at(data, few)))
    cost_of_many = cost_of(lambda: list(ranges_at(data, many)))
    assert cost_of_many < 10 * cost_of_few
