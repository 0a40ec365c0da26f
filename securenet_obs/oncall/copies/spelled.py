"""Secrets in all their spellings, each with a mask of the same length; the values stay hidden."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from securenet_obs.redaction.spellings import find_encodings, find_escapes

_MASK = b"*"


@dataclass(frozen=True)
class Match:
    """An occurrence of a secret in bytes.

    Args:
        secret: name of the secret.
        start: offset of the first byte.
        spelled: the bytes that were found.
        mask: as many bytes to replace them.
    """

    secret: str
    start: int
    spelled: bytes = field(repr=False)
    mask: bytes

    @property
    def end(self) -> int:
        """Offset after the last byte."""
        return self.start + len(self.spelled)


class Spelled:
    """Searches bytes for secrets, and masks them.

    A mask is as long as its secret, so that a file can be masked in place. An encoded mask decodes
    to the first and the last byte of the secret with asterisks between them: the text before and
    behind it still decodes.

    Args:
        values: name of each secret -> its value, which is not empty.
    """

    def __init__(self, values: Mapping[str, SecretStr]) -> None:
        self.names = tuple(values)
        self._masks: dict[bytes, tuple[str, bytes]] = {}
        for name, value in values.items():
            for spelled, mask in _find_masks(value.get_secret_value()):
                self._masks.setdefault(spelled, (name, mask))
        longest_first = sorted(self._masks, key=len, reverse=True)
        self.longest = len(longest_first[0])
        self._pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def __repr__(self) -> str:
        """Return the class and the names of the secrets."""
        return f"{type(self).__name__}({', '.join(self.names)})"

    def find(self, data: bytes) -> Iterator[Match]:
        """Yield the occurrences in bytes, the first one first."""
        # Many times as fast as the pattern, which most bytes never need.
        if not any(spelled in data for spelled in self._masks):
            return
        for found in self._pattern.finditer(data):
            name, mask = self._masks[found[0]]
            yield Match(name, found.start(), found[0], mask)

    def mask(self, data: bytes, secret: str) -> bytes:
        """Return bytes of the same length without one of the secrets."""
        masked = bytearray(data)
        for match in self.find(data):
            if match.secret == secret:
                masked[match.start : match.end] = match.mask
        return bytes(masked)

    def mask_all(self, text: str) -> str:
        """Return a text without any of the secrets."""
        data = text.encode("utf-8", "surrogatepass")
        for secret in self.names:
            data = self.mask(data, secret)
        return data.decode("utf-8", "replace")


def _find_masks(value: str) -> Iterator[tuple[bytes, bytes]]:
    for escaped in find_escapes(value):
        spelled = escaped.encode("utf-8", "surrogatepass")
        yield spelled, _MASK * len(spelled)
    raw = value.encode("utf-8", "surrogateescape")
    masked = raw[:1] + _MASK * (len(raw) - 2) + raw[-1:]
    pairs = zip(find_encodings(raw), find_encodings(masked), strict=True)
    yield from ((encoded.encode(), mask.encode()) for encoded, mask in pairs)
