"""Writes whole log lines to stdout or a file, and counts those that could not be written."""

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from weakref import WeakSet

from securenet_obs.monitoring.logs.output.sink import Sink
from securenet_obs.monitoring.logs.output.sinks import sink_of
from securenet_obs.monitoring.logs.output.stdout import StdoutSink, open_stdout
from securenet_obs.monitoring.slices import MAX_SLICES, SLICE_CHARACTERS, Counts, name_slice

WRITE_TIMEOUT_S = 1.0
"""Seconds that one line waits for a slow reader; until that reads again, no other line waits."""

_HEAD = b'{"timestamp":"'
_SLICE = slice(len(_HEAD), len(_HEAD) + SLICE_CHARACTERS)


class LineOutput:
    """Writes whole lines, never mixed between threads; a slow or closed reader loses lines.

    `lost` counts lines that could not be written, or not be made. `format_lost` converts their
    number to a line, which is written before the next line that succeeds.

    Args:
        descriptor: destination of the lines; stdout by default.
        timeout_s: seconds that a line may wait for a full pipe or socket.
    """

    def __init__(self, descriptor: int | None = None, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        self._sink: Sink | StdoutSink = open_stdout() if descriptor is None else sink_of(descriptor)
        self._timeout_s = timeout_s
        self._reported = 0
        # After a lost line none waits until one as long is written: a short one may still fit.
        self._wait_s = timeout_s
        self._lost_bytes = 0
        self._is_writing = False
        self._waiting: deque[bytes] = deque()
        self.lost = 0
        self._written: dict[bytes, int] = {}
        self._lost: dict[bytes, int] = {}
        self._lost_counted = 0
        self.format_lost: Callable[[int], bytes] = lambda count: b""
        _outputs.add(self)

    @property
    def is_terminal(self) -> bool:
        """Whether the lines go to a terminal."""
        return os.isatty(self._sink.descriptor)

    def write(self, line: bytes) -> None:
        """Write one line, which includes its newline; never raise."""
        with self._sink.lock:
            if self._is_writing:
                # A signal handler logs within a write, or the stream itself does.
                self._defer(line)
                return
            self._is_writing = True
            try:
                self._write(line)
                while self._waiting:
                    self._write(self._waiting.popleft())
            finally:
                self._is_writing = False

    def _defer(self, line: bytes) -> None:
        if isinstance(self._sink, StdoutSink):
            self._sink.refuse_current()
            self.lost += 1
        else:
            self._waiting.append(line)

    def _write(self, line: bytes) -> None:
        _count(self._written, line)
        try:
            if self.lost != self._reported:
                self._report_lost()
            self._sink.write(line, self._wait_s)
        except Exception:  # noqa: BLE001 a stream is foreign code and may raise anything
            self.lost += 1
            self._lost_counted += 1
            _count(self._lost, line)
            self._wait_s = 0.0
            self._lost_bytes = max(self._lost_bytes, len(line))
        else:
            if len(line) >= self._lost_bytes:
                self._wait_s = self._timeout_s
                self._lost_bytes = 0

    def _report_lost(self) -> None:
        lost = self.lost
        report = self.format_lost(lost - self._reported)
        if report:
            self._sink.write(report, self._wait_s)
            _count(self._written, report)
            self._reported = lost

    def take_counts(self) -> Counts:
        """Return the numbers of lines since the last call: `written`, of which `lost` are lost.

        A line counts in the slice of its own timestamp; coloured text for a terminal does not.
        """
        with self._sink.lock:
            taken = (("written", self._written), ("lost", self._lost))
            self._written, self._lost = {}, {}
            unmade, self._lost_counted = self.lost - self._lost_counted, self.lost
        counts = {
            (name.decode(), outcome): count
            for outcome, numbers in taken
            for name, count in numbers.items()
        }
        if unmade:  # lost without a line, at the limit of recursion or within another write
            now = name_slice(time.time())
            for outcome in ("written", "lost"):
                counts[now, outcome] = counts.get((now, outcome), 0) + unmade
        return counts

    def forget_writes(self) -> None:
        """Forget the writes of other threads and all counts, in a forked child."""
        self._is_writing = False
        self._waiting.clear()
        self._sink.lock = threading.RLock()
        self._written, self._lost, self._lost_counted = {}, {}, self.lost


_outputs: WeakSet[LineOutput] = WeakSet()


def count_lost_lines() -> int:
    """Return the number of log lines that this process, with its parent until the fork, lost."""
    return sum(output.lost for output in list(_outputs))


def take_line_counts() -> Counts:
    """Return the numbers of this process's lines since the last call, by slice and outcome."""
    counts: Counter[tuple[str, str]] = Counter()
    for output in list(_outputs):
        counts.update(output.take_counts())
    return dict(counts)


def _count(numbers: dict[bytes, int], line: bytes) -> None:
    if line.startswith(_HEAD):
        name = line[_SLICE]
        numbers[name] = numbers.get(name, 0) + 1
        if len(numbers) > MAX_SLICES:  # nothing takes the counts of this process
            del numbers[next(iter(numbers))]


def _forget_writes() -> None:
    for output in list(_outputs):
        output.forget_writes()


os.register_at_fork(after_in_child=_forget_writes)
