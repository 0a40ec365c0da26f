"""Redaction of a stream, so that it can be shared."""

import io
import json
import os
import threading
import tracemalloc
from collections import Counter
from typing import Any, BinaryIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securenet_obs.redaction import MASK, TEXT_RULES, KeyRule, bounds
from securenet_obs.redaction.rules.prefilter import Prefilter
from securenet_obs.redaction.stream import MAX_SECRET_BYTES, redact_stream
from tests.redaction.samples import FUZZ, MASKED, PEM, TEXTS

KEY = PEM.encode()


def redacted(data: bytes, **options: Any) -> tuple[bytes, Counter[str]]:
    """Return the redacted output of a stream, and the masks by rule."""
    sink = io.BytesIO()
    counts = redact_stream(io.BytesIO(data), sink, **options)
    return sink.getvalue(), counts


LINES = [
    ("login password=x1\n", f"login password={MASK}\n"),
    ('{"a": 1, "password": "x1"}\r\n', f'{{"a": 1, "password": "{MASK}"}}\r\n'),
    ('{"a":1.50,"h":[["x-api-key","x1"]]}', f'{{"a":1.5,"h":[["x-api-key","{MASK}"]]}}'),
    ('[{"name": "X-Api-Key", "value": "x1"}]\n', f'[{{"name": "X-Api-Key", "value": "{MASK}"}}]\n'),
    ('["\\ud800 ü", "token=x1"]\n', f'["\\ud800 ü", "token={MASK}"]\n'),
    ('\ufeff{"password":"x1"}\n', f'\ufeff{{"password":"{MASK}"}}\n'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), LINES)
def test_a_line_is_redacted_by_its_format(before: str, after: str) -> None:
    """A JSON line is redacted as a value and stays JSON; any other line is text."""
    assert redacted(before.encode()) == (after.encode(), redacted(before.encode())[1])
    assert redacted(before.encode())[1].total() == 1


@pytest.mark.parametrize(
    ("rule", "before", "after"), [row for row in MASKED if isinstance(row[1], dict | list)]
)
def test_every_rule_works_in_a_stream(rule: str, before: Any, after: Any) -> None:
    """A secret in a value is also masked and counted in the value's JSON line."""
    line = json.dumps([before], default=lambda raw: raw.decode())
    masked, counts = redacted(line.encode() + b"\n")
    assert json.loads(masked) == [json.loads(json.dumps(after, default=lambda raw: raw.decode()))]
    assert counts[rule] >= 1


CLEAN = [
    b"",
    b"\n\r\n",
    b"no newline",
    b"\xff\xfe\x00\n\xc3",
    b'{"a" :1.50, "a":1e400}\n',
    b"a\rb\r\n",
]


@pytest.mark.parametrize("data", CLEAN)
def test_harmless_lines_are_copied_byte_by_byte(data: bytes) -> None:
    """Line endings, a missing last newline, invalid UTF-8 and JSON's style are kept."""
    assert redacted(data) == (data, Counter())
    masked, _ = redacted(b"password=x1\n" + data)
    assert masked == f"password={MASK}\n".encode() + data


def test_rules_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stream with equal rules compiles none; its counts are its own."""
    compiled = []
    compile_anchors = Prefilter._compile
    monkeypatch.setattr(
        Prefilter, "_compile", lambda *args: compiled.append(1) or compile_anchors(*args)
    )
    for count in (1, 2):
        rules = iter([KeyRule("badge", "badge number"), *TEXT_RULES[:2]])
        sink = io.BytesIO()
        counts = redact_stream(io.BytesIO(b"badge_number=7\n" * count), sink, rules=rules)
        assert counts == {"badge": count}
    assert compiled == [1]


def test_a_private_key_over_lines_is_masked_as_one() -> None:
    """BEGIN to END is one mask, even if each line has a prefix; other lines stay."""
    masked, counts = redacted(b"key: " + KEY + b" ok\nnext\n")
    assert (masked, counts) == (f"key: {MASK} ok\nnext\n".encode(), {"private_key": 1})
    prefixed = b"".join(b"2026-11-23 app: %b\n" % line for line in KEY.split(b"\n"))
    assert redacted(prefixed)[0] == f"2026-11-23 app: {MASK}\n".encode()
    assert redacted(prefixed.replace(b"-----\n", b'-----\\n"\n'))[0].count(b"\n") == 1


def test_a_private_key_without_an_end_is_masked() -> None:
    """The lines that look like a key are masked, up to 64 KiB."""
    begun = KEY.rpartition(b"\n")[0]
    assert redacted(begun)[0] == MASK.encode()
    assert redacted(begun + b"\nan ordinary line\n")[0] == f"{MASK}\nan ordinary line\n".encode()
    endless = begun + b"\n" + b"QUJDRA==\n" * MAX_SECRET_BYTES
    masked, counts = redacted(endless)
    assert masked.startswith(f"{MASK}\nQUJDRA==\n".encode())
    assert counts == {"private_key": 1}


def test_a_mention_of_a_private_key_delays_no_line() -> None:
    """A BEGIN in prose does not affect the lines that follow."""
    masked, _ = redacted(b"expected -----BEGIN PRIVATE KEY-----\nbut it was not there\n")
    assert masked.endswith(b"\nbut it was not there\n")


@FUZZ
@example([b"https://a/b?sv=1&sig=abc>"])
@example([b"pa\xc5\xbf\xc5\xbfword=hunter2>"])
@given(st.lists(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary()))
def test_redaction_of_a_stream_is_idempotent(lines: list[bytes]) -> None:
    """A second redaction does not change the output."""
    once, _ = redacted(b"\n".join(lines))
    assert redacted(once) == (once, Counter())


class Endless(io.RawIOBase):
    """One line of a given number of bytes, which is never in memory as a whole."""

    def __init__(self, unit: bytes, size: int) -> None:
        self._unit = unit
        self._left = size

    def readable(self) -> bool:
        """Return True: the stream is readable."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with whole units, and end with a newline."""
        count = min(len(buffer), self._left) // len(self._unit)
        data = self._unit * count or b"\n"[: self._left]
        self._left -= len(data) if count else self._left
        buffer[: len(data)] = data
        return len(data)


class Measured(io.RawIOBase):
    """A sink that counts bytes."""

    size = 0

    def write(self, data: Any) -> int:
        """Add the size of the data."""
        self.size += len(data)
        return len(data)


def test_a_line_of_50_mb_takes_no_more_memory_than_a_piece() -> None:
    """Memory is bounded for a line of any length."""
    source: Any = io.BufferedReader(Endless(b"a harmless line ", 50_000_000))
    sink: Any = Measured()
    tracemalloc.start()
    redact_stream(source, sink)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sink.size > 49_999_000
    assert peak < 10_000_000


@pytest.mark.parametrize("shift", range(0, 40, 8))
def test_no_secret_of_a_long_line_is_cut_in_two(
    monkeypatch: pytest.MonkeyPatch, shift: int
) -> None:
    """A long line is divided between secrets, and each secret is masked."""
    monkeypatch.setattr(bounds, "MAX_TEXT_LENGTH", 3 * MAX_SECRET_BYTES)
    line = b"-" * shift + b" to redis://bob:hunter2@host/0," * 10_000 + b" end\r\n"
    masked, counts = redacted(line)
    assert masked == line.replace(b"hunter2", MASK.encode())
    assert counts == {"url_password": 10_000}


@pytest.mark.parametrize("start", [b"Cookie: ", b'{"x": [["x-api-key", "hunter2"]], "y": "'])
def test_a_long_line_that_cannot_be_divided_is_masked(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    """The rest of such a line is masked, and the next line is read."""
    monkeypatch.setattr(bounds, "MAX_TEXT_LENGTH", 2 * MAX_SECRET_BYTES)
    for size in (1, 5):
        line = b'{"a": "' + b"o " * MAX_SECRET_BYTES * size if start[:1] == b"{" else b""
        masked, counts = redacted(line + start + b"hunter2; " * 50_000 + b"\r\nnext\n")
        assert b"hunter2" not in masked
        assert masked.endswith(f"{MASK}\r\nnext\n".encode())
        assert counts == {"too_long": 1}


def test_the_end_of_a_long_json_line_is_masked_if_it_may_hold_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end alone is not JSON, and lacks the names that identify secret values."""
    monkeypatch.setattr(bounds, "MAX_TEXT_LENGTH", 2 * MAX_SECRET_BYTES)
    line = b'{"a": "' + b"o " * MAX_SECRET_BYTES + b'", "h": [["x-api-key", "hunter2"]]}\r\n'
    masked, counts = redacted(line + b"next")
    assert masked.endswith(f"{MASK}\r\nnext".encode())
    assert masked.startswith(b'{"a": "o o')
    assert (b"hunter2" in masked, counts) == (False, {"too_long": 1})


def test_a_line_is_written_before_the_next_is_read() -> None:
    """The output of `tail -f` is not delayed by buffers."""
    (source, into), (out_of, sink) = os.pipe(), os.pipe()
    with os.fdopen(source, "rb") as reading, os.fdopen(sink, "wb") as writing:
        thread = threading.Thread(target=redact_stream, args=(reading, writing))
        thread.start()
        with os.fdopen(into, "wb", buffering=0) as feed, os.fdopen(out_of, "rb") as result:
            for _ in range(3):
                feed.write(b"password=x1\n")
                assert result.readline() == f"password={MASK}\n".encode()
            feed.close()
            thread.join()


def test_a_closed_reader_raises_broken_pipe() -> None:
    """`| head` ends the copy with BrokenPipeError, which the command handles quietly."""
    out_of, into = os.pipe()
    os.close(out_of)
    writing: BinaryIO = os.fdopen(into, "wb", buffering=0)
    with pytest.raises(BrokenPipeError):
        redact_stream(io.BytesIO(b"line\n"), writing)
    writing.close()
