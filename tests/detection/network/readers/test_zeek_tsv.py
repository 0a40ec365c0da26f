"""Zeek's tab-separated logs."""

import pytest

from securenet_obs.detection.network.readers.zeek_tsv import ZeekTable
from securenet_obs.errors import RecordError

HEADER = [
    rb"#separator \x09",
    b"#set_separator\t,",
    b"#empty_field\t(empty)",
    b"#unset_field\t-",
    b"#path\tconn",
    b"#fields\tts\tuid\tid.orig_p\tlocal\ttags\tTTLs\tnote",
    b"#types\ttime\tstring\tport\tbool\tset[string]\tvector[interval]\tstring",
]


def table() -> ZeekTable:
    """Return a table with a header."""
    zeek = ZeekTable()
    for line in HEADER:
        zeek.read_header(line)
    return zeek


def test_a_row_becomes_an_object_as_zeek_writes_it_as_json() -> None:
    """Values have the types of the header; unset fields are absent, empty ones are empty."""
    row = table().read_row(b"1.5\tC1\t53\tT\ta,b\t1.0,-\t-")
    assert row == {
        "_path": "conn", "ts": 1.5, "uid": "C1", "id.orig_p": 53, "local": True,
        "tags": ["a", "b"], "TTLs": [1.0, None],
    }  # fmt: skip
    row = table().read_row(b"1.5\t-\t53\tF\t(empty)\t(empty)\t(empty)")
    assert (row["tags"], row["TTLs"], row["note"], row["local"]) == ([], [], "", False)


def test_escaped_bytes_are_read() -> None:
    """Zeek escapes separators and bytes that are not text."""
    row = table().read_row(rb"1.5" + b"\t" + rb"a\x09b\xff" + b"\t53\tT\t(empty)\t(empty)\t-")
    assert row["uid"] == "a\tb\\xff"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1.5\tC1", "2 fields differ in number from the header's 7"),
        (b"1.5\tC1\tx\tT\t-\t-\t-", "invalid value in field id.orig_p"),
        (b"nan\tC1\t1\tT\t-\t-\t-", "invalid value in field ts"),
        (b"1.5\tC1\t1\tyes\t-\t-\t-", "invalid value in field local"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_refused(row: bytes, reason: str) -> None:
    """The reason names the field, and nothing of the row."""
    with pytest.raises(RecordError, match=reason):
        table().read_row(row)


def test_a_header_without_its_separator_has_the_usual_one() -> None:
    """The line may be cut; a search by coverage has found it."""
    zeek = table()
    for line in (b"#separator", b"#fields\tts", b"#types\ttime"):
        zeek.read_header(line)
    assert zeek.read_row(b"2.5")["ts"] == 2.5


def test_a_new_header_replaces_the_one_before() -> None:
    """Logs may be concatenated, with other separators."""
    zeek = table()
    for line in (rb"#separator \x7c", b"#path|dns", b"#fields|ts|query", b"#types|time|string"):
        zeek.read_header(line)
    assert zeek.read_row(b"2.5|a") == {"_path": "dns", "ts": 2.5, "query": "a"}
