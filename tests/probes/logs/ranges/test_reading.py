"""A log of which a second process gathers a range is read as by one process."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from securenet_obs.probes.logs import frame as frame_module
from securenet_obs.probes.logs.files import batches, writers
from securenet_obs.probes.logs.frame import LogFrame, log_frame
from securenet_obs.probes.logs.ranges import division, process, reading
from securenet_obs.probes.logs.ranges.child import RangeGathering, UngatheredError
from securenet_obs.probes.logs.ranges.division import ByteRange
from securenet_obs.probes.logs.ranges.packing import pack, unpack
from securenet_obs.probes.logs.records.gathering import GatheredRange
from tests.searching import examples

RECORDS = st.dictionaries(
    st.sampled_from(["timestamp", "ts", "level", "line", "a", "b", "a.b"]),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(["info", "WARN", "2026-11-23T04:05:06.123456Z", "ключ", "x" * 60]),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    max_size=4,
)
LINES = st.one_of(
    RECORDS.map(lambda record: json.dumps(record, ensure_ascii=False).encode()),
    RECORDS.map(lambda record: json.dumps(record).encode()[:-1]),
    st.sampled_from(
        [
            b"",
            b"  ",
            b"\xef\xbb\xbf{}",
            b"{\x00",
            b"\xff\xfe",
            b'{"a": NaN}',
            b"[1]",
            b'{"ts": 1795406706.123456789}',
            b"x" * 99,
            b"x" * 300,
        ]
    ),
)


class SamePlaceRange:
    """Gathers a range in this process, with all that its records go through between two."""

    used = 0

    def __init__(self, descriptor: int, part: ByteRange) -> None:
        self._gathering = RangeGathering(descriptor, part)

    def take(self) -> GatheredRange | None:
        """Return the range, packed and unpacked."""
        try:
            gathered = unpack(map(bytearray, pack(self._gathering.gather())))
        except UngatheredError:
            return None
        SamePlaceRange.used += 1
        return gathered

    def end(self) -> None:
        """Nothing has to be ended."""


def describe(logs: LogFrame) -> list[object]:
    """Return all that was read; the columns' order depends on the beginnings of batches."""
    frame = logs.frame[sorted(logs.frame.columns)]
    return [
        frame.dtypes.astype(str).to_dict(),
        repr(frame.to_dict("list")),
        logs.rejected_lines.to_dict("records"),
        logs.rejected_count,
        logs.pending_files,
        logs.invalid_fields.astype(str).to_dict("records"),
    ]


def read_undivided(path: Path) -> LogFrame:
    """Return what one process reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "MIN_BYTES", 2**60)
        return log_frame(path)


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide files of any size, on any machine; do not wait for a writer of their last lines."""
    monkeypatch.setattr(writers, "SETTLE_S", 0)
    monkeypatch.setattr(reading, "MIN_BYTES", 1)
    monkeypatch.setattr(reading, "count_processors", lambda: 2)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of 2,000 lines with bad ones in both halves, and a cut end."""
    lines = [
        json.dumps({"level": "info", "n": number, "id": f"{number:x}", "f": number / 7})
        for number in range(2000)
    ]
    lines[300] = lines[1700] = "Traceback (most recent call last):"
    path = tmp_path / "a.log"
    path.write_text("\n".join([*lines, '{"level": "cut']))
    return path


@settings(examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(LINES, min_size=1, max_size=12),
    ends=st.sampled_from([b"\n", b"\r\n"]),
    tail=st.sampled_from([b"", b"\n", b"\r\n", b"\n\n"]),
    copies=st.sampled_from([1, 1, 40]),
    share=st.floats(0, 1),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
@example([b'{"a": 1}', b'{"b": 2}', b'{"a": "x"}'], b"\n", b"\n", 40, 0.5, b"")
@example([b'{"a": 1}', b"x" * 300, b"x" * 300, b'{"a": 1}'], b"\n", b"", 1, 0.4, b"")
@example([b'{"ts": 1795406706.123456789}', b'{"ts": 1}'], b"\n", b"\n", 40, 0.3, b"")
@example([b'{"a": {"b": 1}, "a.b": 2}'], b"\n", b"\n", 9, 0.5, b"")
@pytest.mark.usefixtures("divided")
def test_any_log_is_read_as_by_one_process(
    tmp_path: Path, lines: list[bytes], ends: bytes, tail: bytes, copies: int, share: float,
    mark: bytes,
) -> None:  # fmt: skip
    """Records, rejected lines, numbers and problems are the same, wherever the log is divided."""
    path = tmp_path / "any.log"
    path.write_bytes(mark + ends.join(lines * copies) + tail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "RangeProcess", SamePlaceRange)
        patch.setattr(division, "_OWN_SHARE", share)
        for module in (batches, division):
            patch.setattr(module, "MAX_LINE_BYTES", 200)
        patch.setattr(batches, "BLOCK_BYTES", 64)
        assert describe(log_frame(path)) == describe(read_undivided(path))


@pytest.mark.usefixtures("divided")
def test_most_logs_are_divided(monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    """The comparison above compares something: its ranges are gathered, not given up."""
    monkeypatch.setattr(reading, "RangeProcess", SamePlaceRange)
    before = SamePlaceRange.used
    assert describe(log_frame(log)) == describe(read_undivided(log))
    assert SamePlaceRange.used == before + 1


class Watched(process.RangeProcess):
    """A second process that waits for its result as long as a test may last."""

    ranges: list[GatheredRange | None]

    def take(self) -> GatheredRange | None:
        """Return the range; note it."""
        self._began -= 60
        self.ranges.append(super().take())
        return self.ranges[-1]


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch, divided: None) -> list[GatheredRange | None]:
    """Return the results of the second processes that the test starts."""
    monkeypatch.setattr(Watched, "ranges", [], raising=False)
    monkeypatch.setattr(reading, "RangeProcess", Watched)
    return Watched.ranges


def test_a_second_process_gathers_half(log: Path, ranges: list[GatheredRange | None]) -> None:
    """The log is read as by one process, and about half of the lines came from another one."""
    assert describe(log_frame(log)) == describe(read_undivided(log))
    (gathered,) = ranges
    assert gathered is not None
    assert 600 < gathered.line_count < 1200


def test_a_daemon_thread_can_divide(log: Path, ranges: list[GatheredRange | None]) -> None:
    """A notebook's kernel and servers read logs in threads of their own."""
    results: list[LogFrame] = []
    thread = threading.Thread(target=lambda: results.append(log_frame(log)), daemon=True)
    thread.start()
    thread.join()
    assert describe(results[0]) == describe(read_undivided(log))
    assert ranges[0] is not None


WRITE_HEAD = "import sys; sys.stdout.buffer.write(sys.argv[3].encode()"


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.kill(os.getpid(), 9)",
        "import sys; sys.exit(1)",
        "print('garbage' * 100_000)",
        f"{WRITE_HEAD} + b'\\x09' + bytes(7) + b'garbage..')",
        f"{WRITE_HEAD} + b'\\x02' + bytes(7) + b'i')",
        "import absent",
    ],
)
def test_a_process_that_fails_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, log: Path, ranges: list[GatheredRange | None], program: str
) -> None:
    """The range of a process that is killed, fails or writes garbage is read here."""
    monkeypatch.setattr(process, "_PROGRAM", program)
    assert describe(log_frame(log)) == describe(read_undivided(log))
    assert ranges == [None]


@pytest.mark.usefixtures("divided")
def test_a_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, log: Path) -> None:
    """It is waited for as long as this process has read; then its range is read here."""
    monkeypatch.setattr(process, "_PROGRAM", "import time; time.sleep(600)")
    assert describe(log_frame(log)) == describe(read_undivided(log))


@pytest.mark.parametrize("executable", [None, "", "/absent/python", "/etc/passwd", "/bin/cat"])
@pytest.mark.usefixtures("divided")
def test_a_wrong_interpreter_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, log: Path, executable: str | None
) -> None:
    """A program that embeds Python is not always an interpreter."""
    monkeypatch.setattr("sys.executable", executable)
    assert describe(log_frame(log)) == describe(read_undivided(log))


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.usefixtures("divided")
def test_no_process_is_left_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
    log: Path,
    error: type[BaseException],
    list_children: Callable[[], list[psutil.Process]],
) -> None:
    """The second process ends with the reading, also while the error is kept."""
    monkeypatch.setattr(process, "_PROGRAM", "import time; time.sleep(600)")

    def fail(*_: Any) -> None:
        assert list_children()
        raise error

    monkeypatch.setattr(frame_module._FrameBuilder, "add", fail)
    with pytest.raises(error) as kept:
        log_frame(log)
    assert kept.value.__traceback__ is not None
    assert not list_children()


@pytest.mark.usefixtures("divided")
def test_a_log_truncated_meanwhile_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    """The lines behind a new end are not read from the second process."""

    class Truncated(SamePlaceRange):
        def __init__(self, descriptor: int, part: ByteRange) -> None:
            super().__init__(descriptor, part)
            self._whole = super().take()
            log.write_bytes(log.read_bytes()[:5000])

        def take(self) -> GatheredRange | None:
            return self._whole

    monkeypatch.setattr(batches, "BLOCK_BYTES", 64)
    monkeypatch.setattr(reading, "RangeProcess", Truncated)
    assert describe(log_frame(log)) == describe(read_undivided(log))


@pytest.mark.parametrize("content", [b'{"a": 1}\n', b'{"a": 1}', b"\n", b"x" * 1000])
@pytest.mark.usefixtures("divided")
def test_a_log_without_two_lines_is_not_divided(
    tmp_path: Path, content: bytes, ranges: list[GatheredRange | None]
) -> None:
    """There is no line feed at which a second process could begin."""
    path = tmp_path / "one.log"
    path.write_bytes(content)
    assert describe(log_frame(path)) == describe(read_undivided(path))
    assert ranges == []


def test_one_processor_reads_alone(
    monkeypatch: pytest.MonkeyPatch, log: Path, ranges: list[GatheredRange | None]
) -> None:
    """A second process would only take the time of the first."""
    monkeypatch.setattr(reading, "count_processors", lambda: 1)
    log_frame(log)
    assert ranges == []
