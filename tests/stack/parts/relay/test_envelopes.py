"""Items are read in every encoding, within bounds, and whatever the bytes are."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable

import brotlicffi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentry_sdk.envelope import Envelope

from securenet_obs.stack.parts.relay import envelopes
from securenet_obs.stack.parts.relay.envelopes import KINDS, read_envelope
from tests.stack.parts.relay.envelope import TRACE, TRANSACTION, envelope, item


def deflate_raw(body: bytes) -> bytes:
    """Compress without zlib's header."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def two_members(body: bytes) -> bytes:
    """Compress as gzip of two members."""
    return gzip.compress(body[:20]) + gzip.compress(body[20:])


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", two_members),
        ("deflate", zlib.compress),
        ("deflate", deflate_raw),
        ("br", brotlicffi.compress),
    ],
)
def test_an_item_is_read_in_each_encoding(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    """Kind, trace and name are indexed, and the payload is kept whole."""
    contents = read_envelope(encode(envelope(item("transaction", TRANSACTION))), encoding)
    (found,) = contents.items
    assert (found.kind, found.trace_id, found.name) == ("transaction", TRACE, "/v1/things")
    assert json.loads(found.payload) == TRANSACTION
    assert contents.problems == []


def test_each_kind_is_read_and_no_other() -> None:
    """Errors are Bugsink's; attachments and profiles may have anything inside."""
    trace = {"contexts": {"trace": {"trace_id": TRACE.upper()}}}
    log = {"trace_id": TRACE, "body": "a line"}
    contents = read_envelope(
        envelope(
            item("event", {"event_id": "1"}),
            item("check_in", {"monitor_slug": "nightly", "status": "ok", **trace}),
            item("attachment", b"\x00\xff"),
            item("log", {"items": [log, log]}, item_count=2),
            item("sessions", {"aggregates": []}),
            item("client_report", {"discarded_events": []}),
            item("profile", {"version": "1"}),
        ),
        "",
    )
    assert [(found.kind, found.trace_id, found.name) for found in contents.items] == [
        ("check_in", TRACE, "nightly"),
        ("log", TRACE, None),
        ("log", TRACE, None),
        ("sessions", None, None),
        ("client_report", None, None),
    ]


def test_the_sdks_envelopes_are_read() -> None:
    """The writer of the SDK and this reader agree."""
    sent = Envelope()
    sent.add_transaction(TRANSACTION)  # type: ignore[arg-type]
    sent.add_checkin({"monitor_slug": "nightly"})
    sent.add_sessions({"aggregates": []})
    kinds = [found.kind for found in read_envelope(sent.serialize(), "").items]
    assert kinds == ["transaction", "check_in", "sessions"]


def test_items_before_a_malformed_one_are_kept() -> None:
    """The malformed one is counted."""
    body = envelope(item("transaction", TRANSACTION), b"{no JSON\n")
    contents = read_envelope(body, "")
    assert ([found.kind for found in contents.items], contents.problems) == (
        ["transaction"],
        ["malformed"],
    )


def test_a_name_that_utf8_lacks_is_replaced() -> None:
    """A lone surrogate does not cost the item; a long name is cut."""
    trace = {"contexts": {"trace": {"trace_id": "\ud800"}}}
    body = envelope(item("transaction", {"transaction": "a\ud800" + "b" * 300, **trace}))
    (found,) = read_envelope(body, "").items
    assert (found.trace_id, found.name) == ("?", "a?" + "b" * 198)


@pytest.mark.parametrize(
    ("body", "encoding", "problem"),
    [
        (b"", "", "malformed"),
        (b"\xff\xfe", "gzip", "malformed"),
        (b"not brotli", "br", "malformed"),
        (b"{}", "zstd", "unknown encoding"),
        (b"[" * 100_000, "", "malformed"),
        (envelope(item("transaction", [1])), "", "malformed"),
        (envelope(item("log", {"items": 7})), "", "malformed"),
        (envelope(item("log", {"items": [7]})), "", "malformed"),
        (envelope(item("transaction", TRANSACTION, length="x")), "", "malformed"),
        (envelope(item("transaction", {"a": "x" * 1_100_000})), "", "item too large"),
        (gzip.compress(bytes(9_000_000), mtime=0), "gzip", "envelope too large"),
        (brotlicffi.compress(bytes(9_000_000), quality=1), "br", "envelope too large"),
    ],
)
def test_an_unreadable_envelope_is_counted(body: bytes, encoding: str, problem: str) -> None:
    """The reason is a fixed word, never content."""
    contents = read_envelope(body, encoding)
    assert (contents.items, contents.problems) == ([], [problem])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_bomb_takes_bounded_memory(encoding: str) -> None:
    """Hundreds of megabytes behind a small body is not decoded."""
    if encoding == "br":
        body = brotlicffi.compress(bytes(100_000_000), quality=1)
    else:
        compressor = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
        body = b"".join(compressor.compress(bytes(10_000_000)) for _ in range(30))
    tracemalloc.start()
    assert read_envelope(body, encoding).problems == ["envelope too large"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * envelopes.MAX_DECODED_BYTES


def test_the_number_of_items_is_bounded() -> None:
    """The first ones are stored, also of several containers, and the rest is counted once."""
    logs = {"items": [{"trace_id": TRACE}] * 700}
    contents = read_envelope(envelope(item("log", logs), item("log", logs)), "")
    assert (len(contents.items), contents.problems) == (1_000, ["too many items"])
    attachments = [item("attachment", b"x") for _ in range(1_001)]
    assert read_envelope(envelope(*attachments), "").problems == ["too many items"]


@pytest.mark.slow
@pytest.mark.parametrize("element", [b"[],", b"{},", b"0.5,", b'"\\ud83d",'])
@pytest.mark.parametrize("kind", ["transaction", "log"])
def test_hostile_json_takes_bounded_memory(element: bytes, kind: str) -> None:
    """Objects are many times as large as their JSON."""
    size = envelopes.MAX_DECODED_BYTES - 1_000
    payload = b'{"items":[' + element * (size // len(element)) + b"0]}"
    tracemalloc.start()
    read_envelope(envelope(item(kind, payload)), "")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * envelopes.MAX_DECODED_BYTES


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("contexts", "trace_id", "transaction", "items", "spans"), JSON)
)


@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), PAYLOADS | JSON), max_size=3))
def test_any_json_is_stored_or_counted(sent: list[tuple[str, object]]) -> None:
    """Whatever the types of its fields are, nothing is raised, and what is stored is ASCII."""
    contents = read_envelope(envelope(*(item(kind, payload) for kind, payload in sent)), "")
    for found in contents.items:
        assert found.payload.isascii()
        (found.trace_id or "").encode()
        (found.name or "").encode()


@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "deflate", "br", "zstd"]))
def test_any_bytes_are_survived(body: bytes, encoding: str) -> None:
    """Bytes from anywhere raise nothing."""
    read_envelope(body, encoding)
    read_envelope(envelope(body), encoding)
