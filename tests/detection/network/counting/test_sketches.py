"""Counts that merge exactly."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.detection.network.counting.sketches import DistinctCount, SampledCounts
from tests.searching import examples

NUMBERS = st.lists(st.integers(0, 60), max_size=120)


def distinct(numbers: Sequence[int], scale: int = 1) -> DistinctCount:
    """Return the count of texts, `scale` for each number."""
    count = DistinctCount()
    for number in numbers:
        for part in range(scale):
            count.add(f"{number}.{part}")
    return count


@examples(25)
@given(NUMBERS, st.integers(0, 120), st.sampled_from([1, 100]))
def test_distinct_counts_merge_exactly(numbers: list[int], cut: int, scale: int) -> None:
    """Parts in either order, and twice, have the bytes of the whole; beyond its size, too."""
    whole = distinct(numbers, scale)
    first, second = distinct(numbers[:cut], scale), distinct(numbers[cut:], scale)
    expected = whole.to_bytes()
    for parts in ((first, second), (second, first), (first, second, first)):
        merged = DistinctCount()
        for part in parts:
            merged.merge(DistinctCount(part.to_bytes()))
        assert merged.to_bytes() == expected
    expected_count = len(set(numbers)) * scale
    if expected_count <= 2048:
        assert whole.estimate == expected_count
    else:
        assert abs(whole.estimate / expected_count - 1) < 0.1


def sampled(numbers: Sequence[int], size: int) -> SampledCounts:
    """Return the counts of numbers."""
    counts = SampledCounts(size)
    for number in numbers:
        counts.add(str(number), 1, number)
    return counts


@examples(50)
@given(NUMBERS, st.integers(0, 120), st.sampled_from([3, 10, 1000]))
def test_sampled_counts_merge_exactly(numbers: list[int], cut: int, size: int) -> None:
    """Parts in either order have the rows of the whole, and each row is complete."""
    whole = sampled(numbers, size)
    expected = list(whole.rows())
    for parts in ((numbers[:cut], numbers[cut:]), (numbers[cut:], numbers[:cut])):
        merged = SampledCounts(size)
        for part in parts:
            merged.merge(sampled(part, size))
        assert list(merged.rows()) == expected
        assert merged.is_sample == whole.is_sample == (len(set(numbers)) > size)
    for key, (count, total) in expected:
        assert count == numbers.count(int(key))
        assert total == count * int(key)
    assert len(expected) == min(size, len(set(numbers)))


def test_the_largest_counts_come_first() -> None:
    """Equal counts are in the order of their keys."""
    counts = sampled([3, 3, 2, 9, 1], 10)
    assert [key for key, _ in counts.top(3)] == ["3", "1", "2"]
    assert [key for key, _ in counts.top(2, 1)] == ["9", "3"]
