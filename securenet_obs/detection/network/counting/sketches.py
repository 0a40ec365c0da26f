"""Counts of bounded size that merge exactly: in any order, however the input was divided."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

LG_SIZE = 11
"""Base-2 logarithm of the hashes that a sketch keeps; up to that number of items it is exact.

The relative standard error beyond is 1/sqrt(2**11), which is 2.2 %.
"""

_MAX_PENDING = 2048


class DistinctCount:
    """Number of distinct texts: exact up to `2**LG_SIZE` of them, then a Theta sketch's estimate.

    Its bytes depend on the set of texts alone: the sketch keeps the smallest hashes, and a union
    with nothing trims it to their nominal number.
    """

    def __init__(self, content: bytes = b"") -> None:
        self._pending: set[str] = set()
        self._parts: list[Any] = (
            [_sketches().compact_theta_sketch.deserialize(content)] if content else []
        )

    def add(self, text: str) -> None:
        """Add a text."""
        self._pending.add(text)
        if len(self._pending) >= _MAX_PENDING:
            self.compact()

    def update(self, texts: Iterable[str]) -> None:
        """Add some texts."""
        self._pending.update(texts)
        if len(self._pending) >= _MAX_PENDING:
            self.compact()

    def __bool__(self) -> bool:
        """Return whether any text was added."""
        return bool(self._pending or self._parts)

    def merge(self, other: "DistinctCount") -> None:
        """Add the texts of another count."""
        if other:
            self._parts.append(other.compact())
            self.compact()

    def to_bytes(self) -> bytes:
        """Return the count in its canonical form."""
        content: bytes = self.compact().serialize()
        return content

    @property
    def estimate(self) -> int:
        """Number of distinct texts."""
        estimate: float = self.compact().get_estimate()
        return round(estimate)

    def compact(self) -> Any:
        """Return the sketch of all texts, which replaces those of parts of them."""
        sketches = _sketches()
        union = sketches.theta_union(lg_k=LG_SIZE)
        if self._pending:
            new = sketches.update_theta_sketch(lg_k=LG_SIZE)
            for text in self._pending:
                new.update(text)
            union.update(new)
            self._pending = set()
        for part in self._parts:
            union.update(part)
        compact = union.get_result()
        self._parts = [compact]
        return compact


def _sketches() -> Any:
    # It imports numpy, which services do without.
    import datasketches

    return datasketches


class SampledCounts:
    """Counts by key, exact for up to `size` keys; of more keys, for those with the least hashes.

    A key is kept if its hash is among the least of all input, so it was kept in every part of the
    input: its counts are complete, and the same for any division of the input.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._counts: dict[str, list[int]] = {}
        self.is_sample = False

    def add(self, key: str, *amounts: int) -> None:
        """Add amounts to a key's counts."""
        counts = self._counts.get(key)
        if counts is None:
            if len(self._counts) >= 2 * self._size:
                self._trim()
            self._counts[key] = list(amounts)
            return
        for place, amount in enumerate(amounts):
            counts[place] += amount

    def subtract(self, key: str, *amounts: int) -> None:
        """Take amounts from a key's counts, and drop the key if none is left."""
        counts = self._counts.get(key)
        if counts is not None:
            counts[:] = [count - amount for count, amount in zip(counts, amounts, strict=True)]
            if not any(counts):
                del self._counts[key]

    def merge(self, other: "SampledCounts") -> None:
        """Add the counts of another object with the same size."""
        self.merge_rows(other.rows(), other.is_sample)
        self.is_sample = self.is_sample or other.is_sample

    def merge_rows(self, rows: Iterable[tuple[str, Iterable[int]]], is_sample: bool) -> None:
        """Add the rows of another object with the same size."""
        for key, amounts in rows:
            self.add(key, *amounts)
        self.is_sample = self.is_sample or is_sample

    def top(self, number: int, place: int = 0) -> list[tuple[str, list[int]]]:
        """Return the keys with the largest counts; of equal counts, in the order of the keys."""
        return sorted(self.rows(), key=lambda row: (-row[1][place], row[0]))[:number]

    def rows(self) -> Iterator[tuple[str, list[int]]]:
        """Yield the keys with their counts, in the order of the keys."""
        self._trim()
        yield from sorted(self._counts.items())

    def _trim(self) -> None:
        if len(self._counts) <= self._size:
            return
        kept = sorted(self._counts, key=_hash)[: self._size]
        self._counts = {key: self._counts[key] for key in kept}
        self.is_sample = True


def _hash(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
