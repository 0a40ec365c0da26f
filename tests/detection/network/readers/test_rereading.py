"""Lines of a file, read again."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.detection.network.readers import rereading
from securenet_obs.detection.network.readers.ranges import divide
from securenet_obs.detection.network.readers.rereading import reread
from securenet_obs.detection.network.readers.sources import read_source

TEXT = (
    b'{"a": 1}\n\nbad\n[1, {"b": 2}]\n'
    b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.5\tC1\nshort\n"
) * 2000


@pytest.mark.parametrize("write", [bytes, gzip.compress])
def test_each_line_is_read_as_in_the_whole_file(
    write: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of its ranges, below the header of its table, unpacked or not."""
    path = tmp_path / "log"
    path.write_bytes(write(TEXT))
    monkeypatch.setattr(rereading, "divide", lambda path: divide(path, 70_000))
    whole: dict[int, list[Any]] = {}
    for entry in read_source(str(path)):
        whole.setdefault(entry.offset, []).append((entry.place, entry.item, entry.fault))
    wanted = list(whole)[::7]
    read = {offset: [entry[2:5] for entry in some] for offset, some in reread(path, wanted)}
    assert read == {offset: whole[offset] for offset in wanted}


def test_a_line_after_a_blank_one_is_read(tmp_path: Path) -> None:
    """It is the last one that is wanted, one byte after the blank line."""
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    offset = TEXT.index(b"bad")
    assert [place for place, _ in reread(path, [offset])] == [offset]
