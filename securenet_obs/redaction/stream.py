"""Redacts a byte stream of text or JSON lines, one by one; masks private keys of several lines."""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import BinaryIO, Literal

from securenet_obs.redaction import bounds
from securenet_obs.redaction.redactor import Redactor
from securenet_obs.redaction.rules.rule import MASK
from securenet_obs.redaction.rules.rule_set import RULES, Rule
from securenet_obs.redaction.walk import Walk

MAX_SECRET_BYTES = 64 * 1024
"""Maximum bytes of a key that spans lines, and of a secret in a line that is read in pieces."""

_KEY_BEGINS = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----(?:\\n)?[\"',\s\\+]*$"
)
_KEY_ENDS = re.compile(rb"-----END [A-Z0-9 ]{1,60}-----")
_BASE64 = re.compile(rb"[\w+/-]*={0,2}(?:\\n)?")
_MAX_CUT_ATTEMPTS = 4

_redactor = lru_cache(maxsize=8)(Redactor)
"""Compiled rules of the last streams: to compile all takes longer than to read a short stream."""


def redact_stream(
    source: BinaryIO,
    sink: BinaryIO,
    *,
    pii: Literal["keep", "strip"] = "keep",
    rules: Iterable[Rule] = RULES,
) -> Counter[str]:
    """Copy `source` to `sink` with secrets masked; return the number of masks by rule.

    A line that is a JSON object or array is redacted as a value and stays one; any other line is
    redacted as text. A private key that spans lines is held back and masked as one secret. Lines
    without secrets are copied unchanged, including line endings and invalid UTF-8. Each line is
    flushed.

    A line over `MAX_TEXT_LENGTH` is read in pieces, one in memory at a time. If a piece cannot be
    judged without the rest of its line (a secret over 64 KiB, or any secret in a JSON line of that
    length), the rest of the line is masked and counted as `too_long`.

    Raises:
        BrokenPipeError: the reader of `sink` has closed it.
    """
    stream = _Stream(source, sink, _redactor(tuple(rules), pii))
    stream.copy()
    return stream.counts


class _Stream:
    """State of one copy: the masks so far, and the line that was read ahead."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, rules: Redactor) -> None:
        self.counts: Counter[str] = Counter()
        self._source = source
        self._sink = sink
        self._rules = rules
        self._pending = b""

    def copy(self) -> None:
        first = self._next()
        if first.startswith(BOM_UTF8):
            self._write(BOM_UTF8)
        self._pending = first.removeprefix(BOM_UTF8)
        while line := self._next():
            if not self._rules.may_match(line) and len(line) < bounds.MAX_TEXT_LENGTH:
                self._write(line)
            elif len(line) >= bounds.MAX_TEXT_LENGTH and not line.endswith(b"\n"):
                self._copy_long(line)
            elif _KEY_BEGINS.search(line):
                self._copy_key(line)
            else:
                self._write(self._clean(line))

    def _next(self) -> bytes:
        """Return the next line, or the start of a long one; empty at the end."""
        line, self._pending = self._pending, b""
        return line or self._source.readline(bounds.MAX_TEXT_LENGTH)

    def _write(self, line: bytes) -> None:
        self._sink.write(line)
        self._sink.flush()

    def _clean(self, line: bytes) -> bytes:
        clean, counts = self._redact(line)
        self.counts.update(counts)
        return clean

    def _redact(self, line: bytes) -> tuple[bytes, Mapping[str, int]]:
        """Return a line without secrets, and the number of masks in it by rule."""
        body = line.rstrip(b"\r\n")
        text = body.decode("utf-8", "surrogateescape")
        walk = Walk(self._rules)
        clean = walk.value(text)
        return (line if clean == text else _encode(clean) + line[len(body) :]), walk.counts

    def _copy_key(self, first: bytes) -> None:
        """Copy a private key, masked, from its first line to its end."""
        held = [first]
        while not _KEY_ENDS.search(held[-1]) and sum(map(len, held)) < MAX_SECRET_BYTES:
            self._pending = self._next()
            if not _is_key_line(self._pending):
                break
            held.append(self._pending)
            self._pending = b""
        if _KEY_ENDS.search(held[-1]) or len(held) == 1:
            self._write(self._clean(b"".join(held)))
            return
        before = first[: first.index(b"-----BEGIN")]
        ending = held[-1][len(held[-1].rstrip(b"\r\n")) :]
        self._write(self._clean(before) + self._mask("private_key") + ending)

    def _mask(self, rule: str) -> bytes:
        self.counts[rule] += 1
        return MASK.encode()

    def _copy_long(self, piece: bytes) -> None:
        """Copy a line that starts with `piece`, piece by piece."""
        is_json = piece.lstrip()[:1] in (b"{", b"[")
        while len(piece) >= bounds.MAX_TEXT_LENGTH and not piece.endswith(b"\n"):
            suspect = self._rules.may_match(piece)
            cut = self._cut(piece) if suspect and not is_json else None
            if suspect and cut is None:
                self._mask_rest()
                return
            start, clean = cut or (len(piece) - MAX_SECRET_BYTES, b"")
            self._write(clean or piece[:start])
            piece = piece[start:] + self._source.readline(start)
        if is_json and self._rules.may_match(piece):
            self._write(self._mask("too_long") + piece[len(piece.rstrip(b"\r\n")) :])
        else:
            self._write(self._clean(piece))

    def _cut(self, piece: bytes) -> tuple[int, bytes] | None:
        """Find a position that does not split a secret; return it with the clean text before it."""
        whole, _ = self._redact(piece)
        end = len(piece) - MAX_SECRET_BYTES
        for _ in range(_MAX_CUT_ATTEMPTS):
            end = max(piece.rfind(separator, 0, end) for separator in (b" ", b","))
            if end <= 0:
                return None
            clean, counts = self._redact(piece[:end])
            if clean + self._redact(piece[end:])[0] == whole:
                self.counts.update(counts)
                return end, clean
        return None

    def _mask_rest(self) -> None:
        rest = b"-"
        while rest and not rest.endswith(b"\n"):
            ending = rest[-1:]
            rest = self._source.readline(bounds.MAX_TEXT_LENGTH)
        ending = b"\r\n" if (ending + rest).endswith(b"\r\n") else b"\n" if rest else b""
        self._write(self._mask("too_long") + ending)


def _is_key_line(line: bytes) -> bool:
    """Return whether a line may be part of a private key: base64 or a header, after any prefix."""
    words = [word.strip(b"\"',+\\") for word in line.split()] if len(line) < 4096 else [b"-"]
    if not words or _KEY_ENDS.search(line):
        return len(line) > 0
    is_header = words[0].endswith(b":") and len(words) <= 3
    is_long = len(words) == 1 or len(words[-1]) >= 16 or words[-1].endswith(b"=")
    return is_header or (is_long and _BASE64.fullmatch(words[-1]) is not None)


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which was escaped in JSON and is again
        return text.encode("utf-8", "backslashreplace")
