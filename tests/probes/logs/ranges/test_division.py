import os
from pathlib import Path

import pytest

from securenet_obs.probes.logs.ranges.division import ByteRange, choose_range, count_processors


def choose(folder: Path, content: bytes) -> ByteRange | None:
    """Return the range of a file with this content."""
    path = folder / "a.log"
    path.write_bytes(content)
    with path.open("rb") as file:
        return choose_range(file.fileno(), len(content))


def test_a_range_has_whole_lines(tmp_path: Path) -> None:
    """It begins after the line feed behind the middle, and ends with the last line feed."""
    content = b"one two three\nfour\nfive\nsix and seven\ncut"
    part = choose(tmp_path, content)
    assert part is not None
    assert content[part.start : part.end] == b"six and seven\n"


@pytest.mark.parametrize("content", [b"x" * 100, b"x" * 99 + b"\n", b"\n" + b"x" * 99, b"x\ny"])
def test_a_file_without_line_feeds_is_not_divided(tmp_path: Path, content: bytes) -> None:
    """None is found where one process would have to read the line of the other."""
    assert choose(tmp_path, content) is None


@pytest.mark.parametrize("content", [b"x" * 90 + b"\n{}\n", b"x" * 45 + b"\n{}\n" + b"x" * 40])
def test_a_line_feed_is_searched_as_far_as_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    """Neither the middle nor the end is searched further than the longest line."""
    monkeypatch.setattr("securenet_obs.probes.logs.ranges.division.MAX_LINE_BYTES", 20)
    assert choose(tmp_path, content) is None


def test_processors_are_those_that_may_be_used() -> None:
    """A container or `taskset` can leave fewer than the machine has."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert count_processors() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert count_processors() == len(allowed)
