"""Changes of log lines: plain text, lost fields, wrong times, secrets, lost lines."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any


def print_text() -> None:
    """Print a line past every logger."""
    print("starting up ...", flush=True)


def drop_field() -> None:
    """Write lines without the release."""
    _change_head(lambda head: {key: value for key, value in head.items() if key != "release"})


def write_local_time() -> None:
    """Write lines with the wall clock's time, without a zone."""
    _change_head(lambda head: head | {"timestamp": datetime.now().isoformat(sep=" ")})


def set_clock_ahead_by_an_hour() -> None:
    """Write lines with a local time that is marked as UTC."""
    late = timedelta(hours=1)
    _change_head(lambda head: head | {"timestamp": f"{datetime.now(UTC) + late:%FT%T.%fZ}"})


def set_clock_ahead_by_five_seconds() -> None:
    """Write lines with timestamps of a clock that is a little fast."""
    ahead = timedelta(seconds=5)
    _change_head(lambda head: head | {"timestamp": f"{datetime.now(UTC) + ahead:%FT%T.%fZ}"})


def write_secrets() -> None:
    """Write log lines without redaction."""
    from securenet_obs.monitoring.logs import json_line

    json_line.search = lambda _: []


def refuse_lines() -> None:
    """Write only nine of ten lines, as on a disk that is full at times."""
    _break_writes(OSError(28, "No space left on device"))


def lose_lines() -> None:
    """Write only nine of ten lines, without noticing."""
    _break_writes(None)


def _break_writes(error: OSError | None) -> None:
    from securenet_obs.monitoring.logs.output.sink import Sink

    write = Sink.write
    counter = itertools.count(1)

    def broken(self: Any, line: bytes, wait_s: float) -> None:
        if next(counter) % 10:
            write(self, line, wait_s)
        elif error is not None:
            raise error

    Sink.write = broken


def _change_head(change: Any) -> None:
    import orjson

    from securenet_obs.monitoring.logs.chain import Chain

    head = Chain._head

    def changed(self: Any, *given: Any) -> bytes:
        fields = change(orjson.loads(head(self, *given)[:-1] + b"}"))
        return orjson.dumps(fields)[:-1] + b","

    Chain._head = changed
