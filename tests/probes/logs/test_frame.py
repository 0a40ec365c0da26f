import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from securenet_obs.probes.logs.fields.levels import LEVELS
from securenet_obs.probes.logs.frame import log_frame
from securenet_obs.probes.logs.records.table import MAX_FIELDS

DATA = Path(__file__).parents[4] / "shared" / "data"
LINE = {"timestamp": "2026-11-23T04:05:06.123456Z", "level": "info", "event": "ready"}


@pytest.fixture
def data() -> Path:
    """Return the folder of real logs beside the project."""
    if not DATA.is_dir():
        pytest.skip("there are no real logs beside the project (../shared/data)")
    return DATA


def write(path: Path, *contents: object) -> Path:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in contents]
    path.write_bytes(b"".join(line + b"\n" for line in raw))
    return path


def test_records_become_rows(tmp_path: Path) -> None:
    """Each object is a row with UTC time, ordered level, dotted names, file and line."""
    nested = {**LINE, "http": {"status": 200, "url": {"path": "/"}}, "tags": ["a", "b"]}
    file = write(tmp_path / "a.log", LINE, nested)
    frame = log_frame(file).frame
    assert str(frame["timestamp"].dtype) == "datetime64[us, UTC]"
    assert list(frame["level"].cat.categories) == list(LEVELS)
    assert frame["level"].cat.ordered
    assert frame.loc[1, "http.status"] == 200
    assert frame.loc[1, "http.url.path"] == "/"
    assert frame.loc[1, "tags"] == ["a", "b"]
    assert list(frame["line"]) == [1, 2]
    assert set(frame["file"]) == {str(file)}


def test_lines_keep_their_order(tmp_path: Path) -> None:
    """Rows have the order of files and lines, whatever fields each record has."""
    write(tmp_path / "a.log", {"n": 0, "x": 1}, {"n": 1}, {"n": 2, "x": 1}, {"n": 3, "y": 1})
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b'{"n": 4}\n{"y": 2, "n": 5}\n'))
    frame = log_frame(tmp_path).frame
    assert list(frame["n"]) == [0, 1, 2, 3, 4, 5]
    assert list(frame["y"].isna()) == [True, True, True, False, True, False]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"Traceback (most recent call last):", "invalid JSON at character 1: "),
        (b'  File "app.py", line 1, in <module>', "invalid JSON at character 3: "),
        (b"{'single': 1}", "invalid JSON at character 2: "),
        (b'{"a": 1} {"b": 2}', "invalid JSON at character 10: "),
        (b'{"a": "b', "truncated line: the JSON ends at character 9"),
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 8"),
        (b'{"a": NaN}', "NaN is not valid JSON"),
        (
            b"\0" * 5 + b"{}",
            "5 NUL bytes at the beginning: the file was truncated while it was written",
        ),
        (b'{"a": [1, -Infinity]}', "-Infinity is not valid JSON"),
        (b"[" * 5000, "invalid JSON at character 1026: "),
        (b'{"a": "\\ud800"}', "invalid JSON at character "),
        (b"[1, 2]", "an array instead of an object"),
        (b'"text"', "a string instead of an object"),
        (b"12", "a number instead of an object"),
        (b"null", "null instead of an object"),
        (b"true", "a boolean instead of an object"),
        (b"\x00\x00\x00{}", "3 NUL bytes at the beginning"),
        (b"\xef\xbb\xbf{}", "invalid JSON at character 1: UTF-8 byte order mark"),
        (b"x" * 10_000_000, "longer than 1048576 bytes"),
    ],
)
def test_invalid_line_is_rejected_with_a_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    """An invalid line is rejected with file, number and reason; reading continues."""
    file = write(tmp_path / "a.log", LINE, line, LINE)
    logs = log_frame(file)
    (rejected,) = logs.rejected_lines.to_dict("records")
    assert (rejected["file"], rejected["line"]) == (str(file), 2)
    assert rejected["reason"].startswith(reason)
    assert list(logs.frame["line"]) == [1, 3]


def test_reason_does_not_quote_the_line(tmp_path: Path) -> None:
    """A rejected line may contain a secret, so its content is neither shown nor kept."""
    secret = b"s3cr3t"
    bad = [secret, b'{"' + secret, b"{" + secret + b": 1}", b'{"a": NaN, "b": "' + secret + b'"}']
    logs = log_frame(write(tmp_path / "a.log", *bad))
    assert len(logs.rejected_lines) == len(bad)
    assert "s3cr3t" not in repr(logs.report())


def test_unusual_json_is_accepted(tmp_path: Path) -> None:
    """Deep and empty objects, large numbers, other scripts and CRLF are valid JSON."""
    deep: dict[str, object] = {"leaf": 1}
    for _ in range(500):
        deep = {"d": deep}
    lines = [deep, {"a": {}}, {"n": 2**70}, {"ключ": "значение"}, {}, b'{"crlf": 1}\r', {"": 0}]
    logs = log_frame(write(tmp_path / "a.log", *lines))
    assert logs.rejected_lines.empty
    assert len(logs.frame) == len(lines)
    assert logs.frame.loc[0, ".".join(["d"] * 500 + ["leaf"])] == 1
    assert logs.frame.loc[1, "a"] == {}


def test_record_cannot_replace_our_columns(tmp_path: Path) -> None:
    """A record's own `file`, `line` and non-standard time and level are kept separately."""
    own = {"file": "x.py", "line": 7, "level": "WARN", "timestamp": "noon"}
    row = log_frame(write(tmp_path / "a.log", own)).frame.loc[0]
    assert (row["line"], row["level"]) == (1, "warning")
    assert {name: row[f"record.{name}"] for name in own} == own


def test_time_and_level_are_found_under_other_names(tmp_path: Path) -> None:
    """Logs of other systems use `time`, `ts` or `severity`, which are parsed as well."""
    logs = log_frame(
        write(
            tmp_path / "a.log",
            {"time": "2026-11-23T04:05:06.000Z", "level": 30},
            {"ts": 1795406706.0, "severity": "ERROR"},
            {"@timestamp": "2026-11-23T04:05:06Z"},
        )
    )
    assert (logs.frame["timestamp"] == pd.Timestamp("2026-11-23T04:05:06Z")).all()
    assert list(logs.frame["level"].astype(object))[:2] == ["info", "error"]
    assert set(logs.invalid_fields.query("field == 'timestamp'")["problem"]) == {"missing"}


def test_rare_fields_share_a_column(tmp_path: Path) -> None:
    """Records with unique field names do not add a column each."""
    records = [{**LINE, f"k{number}": number} for number in range(MAX_FIELDS * 3)]
    frame = log_frame(write(tmp_path / "a.log", *records)).frame
    assert len(frame.columns) < MAX_FIELDS + 10
    assert frame["record.more"].iloc[-1] == {f"k{len(records) - 1}": len(records) - 1}
    assert {"timestamp", "level", "event"} <= set(frame.columns)


def test_rotations_and_skipped_files_are_read_and_named(tmp_path: Path) -> None:
    """The rows of rotations come first, oldest first; a file that is not read is listed."""
    for number, name in enumerate(("app.log-20261123", "app.log-20261124", "app.log")):
        write(tmp_path / name, {"n": number})
    (tmp_path / "app.log.lz4").write_bytes(b"\x04\x22\x4d\x18")
    logs = log_frame(tmp_path / "app.log", tmp_path)
    assert list(logs.frame["n"]) == [0, 1, 2]
    assert logs.skipped_files.to_dict("records") == [
        {"file": str(tmp_path / "app.log.lz4"), "reason": "not a log by its name"}
    ]
    assert logs.report()["skipped"] == logs.skipped_files.to_dict("records")


def test_year_2300_beside_nanoseconds_is_exact(tmp_path: Path) -> None:
    """Neither a far year nor a leap second spoils the times of other rows."""
    written = [
        "2300-01-01T00:00:00Z",
        "2026-01-01T00:00:00.123456789Z",
        "2016-12-31T23:59:60.000000Z",
        "2026-11-25t00:00:00z",
    ]
    logs = log_frame(write(tmp_path / "a.log", *({"timestamp": time} for time in written)))
    assert logs.frame["timestamp"].tolist() == [
        pd.Timestamp("2300-01-01T00:00:00Z"),
        pd.Timestamp("2026-01-01T00:00:00.123456789Z"),
        pd.Timestamp("2017-01-01T00:00:00Z"),
        pd.Timestamp("2026-11-25T00:00:00Z"),
    ]


def test_empty_file_is_an_empty_frame(tmp_path: Path) -> None:
    """A file without lines, or with blank lines only, has typed columns and no rows."""
    (tmp_path / "a.log").touch()
    (tmp_path / "b.log.gz").touch()
    (tmp_path / "c.log").write_bytes(b"\n\r\n  \n")
    logs = log_frame(tmp_path)
    assert logs.report() == {
        "total": 0,
        "valid": 0,
        "rejected": [],
        "pending": [],
        "skipped": [],
    }
    assert str(logs.frame["timestamp"].dtype) == "datetime64[us, UTC]"


def test_complete_last_line_needs_no_line_feed(tmp_path: Path) -> None:
    """A complete object at the end of the file is accepted without a line feed."""
    file = tmp_path / "a.log"
    file.write_bytes(b'{"a": 1}\n{"a": 2}')
    assert log_frame(file).report()["valid"] == 2


def test_truncated_last_line_is_rejected(tmp_path: Path) -> None:
    """A truncated last line is rejected if no process writes to the file."""
    file = tmp_path / "a.log"
    file.write_bytes(b'{"a": 1}\n{"a": ')
    report = log_frame(file).report()
    reason = "truncated line: the JSON ends at character 6"
    assert report["rejected"] == [{"file": str(file), "line": 2, "reason": reason}]
    assert report["pending"] == []


def test_last_line_in_progress_is_pending(tmp_path: Path) -> None:
    """An unfinished line of a file that is being written is not counted."""
    file = tmp_path / "a.log"
    with file.open("wb") as writer:
        writer.write(b'{"a": 1}\n{"a": ')
        writer.flush()
        report = log_frame(file).report()
        writer.write(b"2}\n")
    assert report["rejected"] == []
    assert (report["total"], report["valid"], report["pending"]) == (1, 1, [str(file)])
    assert log_frame(file).report()["valid"] == 2


def test_real_bunyan_logs_are_read(data: Path) -> None:
    """bunyan's own test log has 14 valid lines, 4 invalid ones and 2 blank ones."""
    logs = log_frame(data / "jsonlogs" / "bunyan" / "all.log")
    report = logs.report()
    assert (report["total"], report["valid"]) == (18, 14)
    assert [row["line"] for row in report["rejected"]] == [1, 10, 18, 19]
    assert logs.frame["timestamp"].notna().sum() == 13
    assert logs.frame["level"].notna().sum() == 12


def test_real_network_logs_are_read(data: Path) -> None:
    """Zeek and Suricata logs with thousands of lines are read completely."""
    zeek = log_frame(data / "netlogs" / "zeek_apt29" / "day1_combined_zeek.log")
    assert (len(zeek.frame), len(zeek.rejected_lines)) == (2140, 0)
    assert zeek.frame["timestamp"].notna().all()
    vast = log_frame(data / "netlogs" / "vast")
    assert len(vast.frame) == 8315
    assert vast.rejected_lines["file"].str.contains("zeek_tsv_").all()


def test_truncated_real_gzip_is_read_up_to_its_end(data: Path) -> None:
    """Zeek's tab-separated log is rejected line by line, then for its truncated gzip."""
    logs = log_frame(data / "jsonlogs" / "zeek_zat" / "http.log.corrupt.gz")
    assert logs.frame.empty
    assert len(logs.rejected_lines) == 159
    assert logs.rejected_lines["reason"].iloc[-1].startswith("truncated gzip")
