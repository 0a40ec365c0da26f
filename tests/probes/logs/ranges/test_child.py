import os
import subprocess
import sys
from pathlib import Path

import pytest

from securenet_obs.probes.logs.ranges import child
from securenet_obs.probes.logs.ranges.child import RangeGathering, UngatheredError
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.records.gathering import GatheredRange
from securenet_obs.probes.logs.records.table import MAX_CANDIDATES


def gather(folder: Path, before: bytes, content: bytes, missing: int = 0) -> GatheredRange:
    """Return the range of `content` behind other bytes; the file may end before it does."""
    path = folder / "a.log"
    path.write_bytes(before + content)
    with path.open("rb") as file:
        end = len(before) + len(content) + missing
        gathered = RangeGathering(file.fileno(), ByteRange(len(before), end)).gather()
        assert file.tell() == 0
    return gathered


def test_a_range_is_gathered_from_its_place(tmp_path: Path) -> None:
    """Lines and rows are counted from the range's first; the shared position does not move."""
    found = gather(tmp_path, b'{"a": 0}\n', b'{"a": 1}\n\nbad\n{"a": 2, "b": 1}\n')
    assert found.line_count == 4
    assert list(found.positions) == [0, 3]
    assert [position for position, _ in found.rejected] == [2]
    assert [(one.name, list(one.rows), list(one.values)) for one in found.columns] == [
        ("a", [0, 1], [1, 2]),
        ("b", [1], [1]),
    ]


def test_a_line_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    """It is a line of the range like others."""
    found = gather(tmp_path, b"\n", b"{}\n" + b"x" * 1_200_000 + b"\n{}\n")
    assert [position for position, _ in found.rejected] == [1]
    assert list(found.positions) == [0, 2]


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf{}\n", b"\xff\xfe{}\n", b"{\x00\n"])
def test_a_range_is_not_the_beginning_of_a_file(tmp_path: Path, start: bytes) -> None:
    """A byte order mark within a file is not one, nor does it make the file another encoding."""
    found = gather(tmp_path, b"{}\n", start + b"{}\n")
    assert [position for position, _ in found.rejected] == [0]
    assert list(found.positions) == [1]


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (b'{"a": 1}\n', 5),
        (b'{"a": 1}\n{"b"', 0),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(MAX_CANDIDATES + 1)) + b"}\n", 0),
        (b"bad\n" * 4, 0),
    ],
)
def test_a_range_is_left_to_the_first_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, missing: int
) -> None:
    """The file has become shorter, a line is cut, a field has no column, or most lines are bad."""
    monkeypatch.setattr(child, "MAX_REJECTED", 3)
    with pytest.raises(UngatheredError):
        gather(tmp_path, b"{}\n", content, missing)


def test_an_orphan_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The process does not read on when nothing waits for its result."""
    parents = iter([1, 1, 2])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    with pytest.raises(UngatheredError):
        gather(tmp_path, b"{}\n", b"{}\n" * 100_000)


def test_the_child_starts_without_pandas() -> None:
    """Its modules import neither numpy nor pandas, which take longer than its work."""
    script = "import sys; import securenet_obs.probes.logs.ranges.child; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, text=True
    )
    names = done.stdout.split()
    assert "orjson" in names
    assert not {"numpy", "pandas"} & {name.partition(".")[0] for name in names}
