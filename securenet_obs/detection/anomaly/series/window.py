"""The latest values of a series, also kept in order of size: median, and distances from it."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator


class Window:
    """The latest `size` values; a new value and a median cost a binary search."""

    def __init__(self, size: int, values: Iterable[float] = ()) -> None:
        self.size = size
        self._values = deque(values, maxlen=size)
        self._ordered = sorted(self._values)

    def __len__(self) -> int:
        """Return the number of values, at most `size`."""
        return len(self._values)

    def __iter__(self) -> Iterator[float]:
        """Iterate over the values, oldest first."""
        return iter(self._values)

    def extend(self, values: Iterable[float]) -> None:
        """Add values, oldest first."""
        self._values.extend(values)
        self._ordered = sorted(self._values)

    def push(self, value: float) -> None:
        """Add a value; the oldest one leaves a full window."""
        if len(self._values) == self.size:
            del self._ordered[bisect_left(self._ordered, self._values[0])]
        self._values.append(value)
        insort(self._ordered, value)

    def median(self) -> float:
        """Return the median; of an even number of values the lower one in the middle."""
        return self._ordered[(len(self._ordered) - 1) // 2]

    def deviation(self) -> float:
        """Return the median of the absolute distances from the median, by binary search."""
        ordered = self._ordered
        others = (len(ordered) - 1) // 2
        centre = ordered[others]
        # The nearest half of the values is contiguous: search its first one.
        low, high = 0, others
        while low < high:
            middle = (low + high) // 2
            if centre - ordered[middle] > ordered[middle + others + 1] - centre:
                low = middle + 1
            else:
                high = middle
        return max(centre - ordered[low], ordered[low + others] - centre)
