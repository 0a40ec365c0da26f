"""What the coverage-guided search feeds to each reader of network logs, and the rules that hold."""

import gzip
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from securenet_obs.detection.network import readers
from securenet_obs.detection.network.counting.analysis import analyse_blocks
from securenet_obs.detection.network.ecs.documents import to_line
from securenet_obs.detection.network.readers.compression import zstd
from securenet_obs.detection.network.readers.ranges import ranges_at
from securenet_obs.detection.network.readers.streams import may_be_document, read_stream
from securenet_obs.detection.network.records import Normaliser
from securenet_obs.errors import RecordError
from tests.detection.network.readers.test_streams import ROW, ZEEK, blocks, kinds
from tests.detection.network.test_records import (
    CLOUDTRAIL,
    SECURITY_5156,
    SURICATA,
    SYSMON_3,
    VPC_FLOW,
)
from tests.guided import Target

_READERS = Path(readers.__file__).parent
_DETECTION = _READERS.parent
_RECORDS = (SURICATA, CLOUDTRAIL, SECURITY_5156, SYSMON_3, VPC_FLOW)
_LINES = b'{"a": 1}\n\n[1, {"b": 2}]\nnot JSON\n\xff\n{"log": "{\\"ts\\": 1}", "stream": "x"}\n7'
_MIXED = _LINES + b"\n" + ZEEK + ROW
_DOCUMENT = json.dumps({"Records": [CLOUDTRAIL, 7]}, indent=1).encode()
_DOCKER = orjson.dumps({"log": json.dumps(SURICATA), "stream": "stdout", "time": "2020-01-01"})
_EMBEDDED = orjson.dumps({"CloudTrailEvent": json.dumps(CLOUDTRAIL), "EventId": "x"})
_JSON_WORDS = (
    b'{"', b'": ', b'"Records"', b'"log"', b'"stream"', b"[]", b"{}", b"null", b"\n", b",", b"1e9",
)  # fmt: skip
_ZEEK_WORDS = (
    b"#separator \\x09\n", b"#fields", b"#types", b"\t", b"\n", b"#unset_field\t-\n", b"set[addr]",
    b"vector[count]", b"time", b"port", b"(empty)", b"\\x09", b"-", b"#close\n", b"{}\n",
)  # fmt: skip


def lines_add_up(data: bytes) -> None:
    """Check that each line is a record, quarantined or blank, and no line is lost."""
    found = analyse_blocks(blocks(data), "log")
    assert found.lines == found.records + found.quarantined + found.blank
    assert len(found.items) == found.quarantined
    entries = [entry for block in blocks(data) for entry in block.entries()]
    assert len(entries) == found.lines
    is_packed = data[:2] == b"\x1f\x8b" or data[:4] == b"\x28\xb5\x2f\xfd"
    if not is_packed and not may_be_document(data):
        texts = data.split(b"\n")
        assert len({entry.offset for entry in entries}) == len(texts) - (not texts[-1])


def ranges_have_each_line_once(data: bytes) -> None:
    """Check that a file divided at the place that its first byte names has the entries of all."""
    cut, content = data[:1], data[1:]
    lines_add_up(content)
    if not cut or len(content) < 2 or may_be_document(content) or content[:1] in b"\x1f\x28":
        return
    position = 1 + cut[0] * len(content) // 256
    parts = [blocks(content, part) for part in ranges_at(content, [position])]
    divided = [entry for part in parts for block in part for entry in block.entries()]
    whole = [entry for block in blocks(content) for entry in block.entries()]
    assert kinds(divided) == kinds(whole)
    assert [entry.offset for entry in divided] == [entry.offset for entry in whole]


def records_convert(data: bytes) -> None:
    """Check that an object becomes an ECS document, or is rejected with a reason."""
    for block in read_stream(io.BufferedReader(io.BytesIO(data))):
        for item in block.items:
            convert(item)


def convert(item: dict[str, Any]) -> None:
    """Convert an object; another error than `RecordError` is a finding."""
    with suppress(RecordError):
        orjson.loads(to_line(Normaliser().normalise(item).fields, {}))


TARGETS = {
    "lines": Target(lines_add_up, [_LINES], _READERS, _JSON_WORDS),
    "documents": Target(lines_add_up, [_DOCUMENT, b"\xef\xbb\xbf[1,\n2]"], _READERS, _JSON_WORDS),
    "envelopes": Target(lines_add_up, [_DOCKER, _EMBEDDED], _READERS, _JSON_WORDS),
    "zeek": Target(lines_add_up, [ZEEK + ROW * 2, _MIXED], _READERS, _ZEEK_WORDS),
    "compression": Target(
        lines_add_up, [gzip.compress(_LINES, mtime=0), zstd.compress(ZEEK + ROW)], _READERS
    ),
    "ranges": Target(
        ranges_have_each_line_once, [b"\x80" + _LINES, b"\x40" + ZEEK + ROW], _READERS, _ZEEK_WORDS
    ),
    "records": Target(
        records_convert, [orjson.dumps(record) for record in _RECORDS], _DETECTION, _JSON_WORDS
    ),
}
"""Name of a reader -> its target."""
