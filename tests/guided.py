"""Coverage-guided search: mutates inputs, and keeps each that reaches a step of the code anew.

A step is a pair of lines that follow each other. Atheris does the same with libFuzzer, but its
wheels are for Linux on x86_64 alone, and a set-up installs one lock on every system.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

Check = Callable[[bytes], None]
"""Function that raises an error if an input breaks a rule."""

MAX_BYTES = 2000
"""Maximum size of an input."""

_INTERESTING = (b"", b"\0", b"\n", b"\r", b"\t", b"{", b"}", b"[", b"]", b'"', b"\\", b"-", b"\xff")


@dataclass(frozen=True)
class Target:
    """A part of the code to search.

    Attributes:
        check: the check of an input.
        seeds: the first inputs, which are valid.
        folder: the folder of the code whose steps are noted.
        words: parts of inputs that a mutation inserts.
    """

    check: Check
    seeds: Sequence[bytes]
    folder: Path
    words: Sequence[bytes] = ()


@dataclass
class Search:
    """The state of a search.

    Attributes:
        target: the part of the code.
        numbers: source of the mutations.
        corpus: inputs that have reached new steps.
        steps: all steps so far.
        executions: number of inputs that were checked.
    """

    target: Target
    numbers: random.Random
    corpus: list[bytes] = field(default_factory=list)
    steps: set[Any] = field(default_factory=set)
    executions: int = 0

    def run(self, seconds: float = float("inf"), executions: float = float("inf")) -> bytes | None:
        """Return the first input that breaks the check, or None at the end of the time.

        Args:
            seconds: how long it lasts.
            executions: maximum number of inputs.
        """
        ends = time.monotonic() + seconds
        inputs = [*self.target.seeds]
        while self.executions < executions and time.monotonic() < ends:
            data = inputs.pop() if inputs else self._mutated(self.numbers.choice(self.corpus))
            if self._breaks(data):
                return data
        return None

    def _breaks(self, data: bytes) -> bool:
        self.executions += 1
        with steps_below(str(self.target.folder)) as found:
            try:
                self.target.check(data)
            except Exception:  # noqa: BLE001 whatever it is, it is the finding
                return True
        if not found <= self.steps or not self.corpus:
            self.steps |= found
            self.corpus.append(data)
        return False

    def _mutated(self, data: bytes) -> bytes:
        for _ in range(self.numbers.choice((1, 1, 2, 4))):
            data = self._mutated_once(data)
        return data[:MAX_BYTES]

    def _mutated_once(self, data: bytes) -> bytes:
        start, end = sorted(self.numbers.randint(0, len(data)) for _ in range(2))
        near = min(end, start + 8)
        match self.numbers.randrange(6):
            case 0:
                return data[:start] + data[near:]
            case 1:
                return data[:end] + data[start:end] + data[end:]
            case 2:
                return data[:start] + bytes([self.numbers.randrange(256)]) + data[start + 1 :]
            case 3:
                words = self.target.words or _INTERESTING
                return data[:start] + self.numbers.choice(words) + data[start:]
            case 4:
                return data[:start] + self.numbers.choice(_INTERESTING) + data[near:]
            case _:
                other = self.numbers.choice(self.corpus)
                return data[:start] + other[self.numbers.randint(0, len(other)) :]


@contextmanager
def steps_below(folder: str) -> Iterator[set[Any]]:
    """Note the steps of this thread, in files of a folder, while a block runs."""
    found: set[Any] = set()
    before = sys.gettrace()

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(folder):
            return None
        last = frame.f_lineno

        def step(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                found.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        yield found
    finally:
        sys.settrace(before)
