import gzip
import os
from pathlib import Path

import pytest

from securenet_obs.errors import NotFoundError, SettingsError
from securenet_obs.probes.logs.files.sources import find_log_files, search_log_files


def test_folder_is_searched_for_logs(tmp_path: Path) -> None:
    """A folder contributes its log files, rotated and compressed ones included."""
    (tmp_path / "sub").mkdir()
    wanted = ["a.log", "b.json", "c.jsonl", "d.ndjson", "e.log.gz", "f.log.1", "g.log.2.gz"]
    for name in [*wanted, "notes.txt", "log", "x.logs", "y.gz"]:
        (tmp_path / "sub" / name).touch()
    (tmp_path / "folder.log").mkdir()
    assert [path.name for path in find_log_files(tmp_path)] == wanted


def test_skipped_files_are_named_with_the_reason(tmp_path: Path) -> None:
    """Each file of a folder that is not read, and a link to a folder, is listed."""
    (tmp_path / "a.log").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "b.log.zip").touch()
    (tmp_path / "gone.log").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.log")
    found = search_log_files(tmp_path)
    assert [path.name for path in found.files] == ["a.log"]
    assert {Path(one.file).name: one.reason for one in found.skipped} == {
        "notes.txt": "not a log by its name",
        "b.log.zip": "not a log by its name",
        "gone.log": "not a regular file",
        "pipe.log": "not a regular file",
        "linked": "a link to a folder",
    }


@pytest.mark.parametrize("source", ["app.log", "app.*g", "."])
def test_rotations_are_read_before_their_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """However a log is named, its rotations come with it, oldest first, before other logs."""
    monkeypatch.chdir(tmp_path)
    names = ["app.log-20261123.gz", "app.log-20261124", "app.log.2.xz", "app.log.1", "app.log"]
    for name in [*names, "apps.log"]:
        Path(name).write_text(name)
    found = [path.name for path in find_log_files(source)]
    assert [name for name in found if name != "apps.log"] == names


def test_named_rotation_is_read_alone(tmp_path: Path) -> None:
    """A rotation that is named itself does not bring its log."""
    for name in ("app.log", "app.log.1", "app.log.2"):
        (tmp_path / name).touch()
    assert find_log_files(tmp_path / "app.log.1") == [tmp_path / "app.log.1"]


def test_compressed_copy_of_a_rotation_is_skipped(tmp_path: Path) -> None:
    """While a rotation is compressed both files exist; only the complete one is read."""
    (tmp_path / "app.log.1").write_bytes(b'{"n": 1}\n' * 1000)
    packed = gzip.compress(b'{"n": 1}\n' * 1000)
    (tmp_path / "app.log.1.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "app.log.2").write_bytes(b'{"n": 2}\n')
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress(b'{"other": 2}\n'))
    found = search_log_files(tmp_path)
    assert [path.name for path in found.files] == ["app.log.2", "app.log.2.gz", "app.log.1"]
    (skipped,) = found.skipped
    assert (Path(skipped.file).name, skipped.reason) == ("app.log.1.gz", "a copy of app.log.1")


def test_repeated_sources_yield_a_file_once(tmp_path: Path) -> None:
    """A file that several sources, or links, name is read once; ** spans folders."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    file = tmp_path / "deep" / "er" / "a.log"
    file.touch()
    (tmp_path / "current.log").symlink_to(file)
    (tmp_path / "hard.log").hardlink_to(file)
    assert find_log_files(file, tmp_path, f"{tmp_path}/**/*.log", str(file)) == [file]


@pytest.mark.parametrize("source", ["missing.log", "none/*.log", "."])
def test_source_without_logs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A missing file, and a glob or folder without logs, are errors."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match=f"^{source.replace('*', '.')} is not a log file"):
        find_log_files(source)


@pytest.mark.parametrize("sources", [(), ("",), ("a.log", "")])
def test_missing_source_is_a_settings_error(sources: tuple[str, ...]) -> None:
    """An empty LOG_SOURCE does not mean the current folder."""
    with pytest.raises(SettingsError, match="LOG_SOURCE"):
        find_log_files(*sources)


def test_only_regular_files_are_read_and_the_others_named(tmp_path: Path) -> None:
    """Pipes, folders and broken links among rotations or the matches of a glob are skipped."""
    (tmp_path / "app.log").touch()
    (tmp_path / "app.log.1").mkdir()
    (tmp_path / "app.log.2").symlink_to("app.log.2")
    (tmp_path / "app.log.3").symlink_to("nowhere")
    os.mkfifo(tmp_path / "app.log.4")
    for source in (tmp_path / "app.log", f"{tmp_path}/app*"):
        found = search_log_files(source)
        assert found.files == [tmp_path / "app.log"]
        assert {(Path(one.file).name, one.reason) for one in found.skipped} == {
            (f"app.log.{number}", "not a regular file") for number in (1, 2, 3, 4)
        }


@pytest.mark.parametrize(
    "name", ["~nobody.log", "~", "a\nb.log", "a[1].log", "a*.log", "-x.log", "$HOME", "a\udcff.log"]
)
def test_name_of_a_file_is_taken_literally(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that exists is read whatever characters its name has."""
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    assert find_log_files(name) == [Path(name)]


@pytest.mark.parametrize(
    "source", ["~nobody-has-this-name/app.log", "x" * 5000, "x" * 5000 + "*", "a\0b", "a/\0*"]
)
def test_impossible_name_is_not_found(source: str) -> None:
    """A name that no file can have is an error of the source."""
    with pytest.raises(NotFoundError):
        find_log_files(source)


def test_log_in_a_folder_that_cannot_be_listed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rotations cannot be found, which is reported."""
    (tmp_path / "app.log").touch()
    # The tests may run as root, to which every folder is readable.
    monkeypatch.setattr(os, "listdir", _refuse)
    found = search_log_files(tmp_path / "app.log")
    assert found.files == [tmp_path / "app.log"]
    assert found.skipped == [(str(tmp_path), "unreadable: Permission denied")]


def _refuse(path: object) -> None:
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize("source", ["", "app.log"])
def test_source_without_permission_is_unreadable(tmp_path: Path, source: str) -> None:
    """The message has the reason: the log may well exist."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "app.log").touch()
    folder.chmod(0)
    # To root every folder is readable.
    os.seteuid(os.geteuid() or 65534)
    try:
        with pytest.raises(NotFoundError, match=r"private.* is unreadable: Permission denied\."):
            find_log_files(folder / source)
    finally:
        os.seteuid(os.getuid())
        folder.chmod(0o700)
