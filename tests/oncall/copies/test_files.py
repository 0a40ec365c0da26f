"""Files are masked in place, beside writers that append; compressed ones are replaced."""

import bz2
import gzip
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from pydantic import SecretStr

from securenet_obs.errors import ActionError
from securenet_obs.oncall.copies.copy import Copy, Skipped
from securenet_obs.oncall.copies.files import (
    Files,
    find_evidence_files,
    find_log_copies,
    mask_file,
)
from securenet_obs.oncall.copies.spelled import Spelled

SECRET = "secret-4711-" + "x" * 20
SPELLED = Spelled({"KEY": SecretStr(SECRET), "OTHER": SecretStr("another-secret")})
MASKED = "*" * len(SECRET)
LINE = '{{"timestamp":"2026-11-27T07:46:09.5Z","n":{n},"key":"{key}"}}\n'


def search(folder: Path) -> list[Copy | Skipped]:
    """Return what is found in the logs of a folder."""
    source = Files("log", lambda: find_log_copies(str(folder)), folder)
    return list(source.search(SPELLED))


def test_no_line_of_a_writer_is_lost_meanwhile(tmp_path: Path) -> None:
    """A process appends while its file is masked again and again; every other byte stays."""
    log = tmp_path / "worker.log"
    log.touch()
    node = log.stat().st_ino
    written = []

    def append() -> None:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        while len(written) < 5_000:
            written.append(LINE.format(n=len(written), key=SECRET))
            os.write(descriptor, written[-1].encode())
        os.close(descriptor)

    writer = threading.Thread(target=append)
    writer.start()
    try:
        for _ in range(20):
            mask_file(log, SPELLED, "KEY")
    finally:
        writer.join()
    mask_file(log, SPELLED, "KEY")
    assert log.read_text() == "".join(written).replace(SECRET, MASKED)
    assert log.stat().st_ino == node


def test_a_copy_has_its_line_its_time_and_its_purge(tmp_path: Path) -> None:
    """Its place does not show the secret, although the file's name has it."""
    log = tmp_path / f"{SECRET}.log"
    log.write_text("first\n" + LINE.format(n=1, key=SECRET) * 2 + "another-secret\n")
    copies = [each for each in search(tmp_path) if isinstance(each, Copy)]
    found = [(copy.secret, copy.where, copy.count, copy.since) for copy in copies]
    assert found[0] == ("KEY", f"log {MASKED}.log, from line 2 on", 2, "2026-11-27T07:46:09Z")
    assert found[1][:3] == ("OTHER", f"log {MASKED}.log, from line 4 on", 1)
    assert found[1][3].endswith("Z or before")
    copies[0].purge()
    (left,) = search(tmp_path)
    assert isinstance(left, Copy)
    assert left.secret == "OTHER"


@pytest.mark.parametrize(
    ("suffix", "compress", "decompress"),
    [
        (".gz", gzip.compress, gzip.decompress),
        (".bz2", bz2.compress, bz2.decompress),
        (".xz", lzma.compress, lzma.decompress),
        (".zst", zstd.compress, zstd.decompress),
    ],
)
def test_a_compressed_rotation_is_replaced(
    tmp_path: Path, suffix: str, compress: Callable[[Any], Any], decompress: Callable[[Any], Any]
) -> None:
    """It keeps its permissions, and no part of the new file is left beside it."""
    rotation = tmp_path / f"worker.log.1{suffix}"
    rotation.write_bytes(compress(b"a\n" + LINE.format(n=1, key=SECRET).encode()))
    rotation.chmod(0o640)
    (copy,) = search(tmp_path)
    assert isinstance(copy, Copy)
    copy.purge()
    expected = "a\n" + LINE.format(n=1, key=MASKED)
    assert decompress(rotation.read_bytes()).decode() == expected
    assert rotation.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [rotation]


def test_a_compressed_copy_of_a_rotation_is_searched_too(tmp_path: Path) -> None:
    """A reader of logs skips it; the secret is in both."""
    text = LINE.format(n=1, key=SECRET).encode()
    (tmp_path / "worker.log.1").write_bytes(text)
    (tmp_path / "worker.log.1.gz").write_bytes(gzip.compress(text))
    assert len(search(tmp_path)) == 2


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The copies before a fault are found; an unknown format has its reason."""
    lines = "".join(LINE.format(n=n, key=SECRET) for n in range(9)).encode()
    (tmp_path / "a.log.1.gz").write_bytes(gzip.compress(lines)[:-12])
    (tmp_path / "b.log").write_bytes(b"PK\x03\x04" + lines)
    kinds = sorted(type(each).__name__ for each in search(tmp_path))
    assert kinds == ["Copy", "Skipped", "Skipped"]
    with pytest.raises(ActionError, match="cannot be masked"):
        mask_file(tmp_path / "b.log", SPELLED, "KEY")


@pytest.mark.parametrize("source", ["", "absent/*.log"])
def test_a_source_without_logs_is_skipped(source: str) -> None:
    """The reason names it."""
    (skipped,) = Files("log", lambda: find_log_copies(source), Path()).search(SPELLED)
    assert isinstance(skipped, Skipped)
    assert (source or "LOG_SOURCE") in skipped.reason


def test_a_file_that_is_gone_needs_no_purge(tmp_path: Path) -> None:
    """A rotation may have removed it since."""
    mask_file(tmp_path / "gone.log", SPELLED, "KEY")


def test_every_file_of_the_evidence_is_searched(tmp_path: Path) -> None:
    """Links are left out: their files are elsewhere."""
    (tmp_path / "run").mkdir()
    page = tmp_path / "run" / "page.html"
    page.write_text(f"<p>{SECRET}</p>")
    (tmp_path / "link").symlink_to(page)
    assert list(find_evidence_files(tmp_path)) == [page]
