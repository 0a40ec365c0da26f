"""Measures the durations of a command's parts, and formats them and the runs' phases as a line."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from securenet_obs.runner.record.runs import RunRecord
from securenet_obs.runner.record.timings import phases

T = TypeVar("T")


class Timings:
    """The duration of each part of a command in seconds, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure the duration of a block."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - started, 3)

    @contextmanager
    def around(self, name: str, block: AbstractContextManager[T]) -> Iterator[T]:
        """Measure the entry and the exit of a context manager, as `NAME up` and `NAME down`."""
        with ExitStack() as outside, ExitStack() as inside:
            with self.phase(f"{name} up"):
                entered = inside.enter_context(block)
            yield entered
            # Ends after `inside`, and with it the block, has been left.
            outside.enter_context(self.phase(f"{name} down"))

    def sentence(self, records: Iterable[RunRecord]) -> str:
        """Return one line: the duration of each part, and of each phase for the notebooks."""
        spent: Counter[str] = Counter()
        for record in records:
            spent.update(phases(record))
        within = f" ({', '.join(f'{name} {seconds:.1f}' for name, seconds in spent.items())})"
        return "time: " + ", ".join(
            f"{name} {seconds:.1f} s" + (within if name == NOTEBOOKS else "")
            for name, seconds in self.seconds.items()
            if seconds >= MIN_SHOWN_S
        )


MIN_SHOWN_S = 0.05
"""Seconds below which a part is not shown."""

NOTEBOOKS = "notebooks"
"""Name of the part of a command that runs notebooks."""
