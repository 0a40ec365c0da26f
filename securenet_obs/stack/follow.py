"""Prints a foreground stack's logs as they grow, merged and formatted; reports ended parts."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from securenet_obs.stack.dead_parts import format_remedy
from securenet_obs.stack.part import Part
from securenet_obs.stack.state import DEFAULT_NAME

INTERVAL_S = 0.2
"""Seconds between two readings of the logs."""

_PART_STYLES = {
    "postgresql": "bright_blue",
    "redis": "magenta",
    "bugsink": "yellow",
    "relay": "bright_yellow",
    "api": "cyan",
    "worker": "green",
    "beat": "blue",
}
_LEVEL_STYLES = {
    "debug": "dim",
    "info": "",
    "warning": "yellow",
    "error": "bold red",
    "critical": "bold white on red",
}
# Shown by position or by the prefix, or identical in every line of a stack.
_NOT_REPEATED = frozenset(
    {"timestamp", "level", "event", "service", "environment", "release", "logger", "exception"}
)
_ENDED_STYLE = "bold white on red"


def follow(
    parts: Mapping[str, Part],
    console: Console | None = None,
    *,
    refresh: Callable[[], Mapping[str, Part]] | None = None,
    stack: str = DEFAULT_NAME,
) -> None:
    """Print the parts' logs from their beginning, until Ctrl-C, SIGTERM or the end of all parts.

    On a terminal JSON lines are formatted for reading; elsewhere every line stays unchanged. A part
    that ends is reported with its exit code and the command that restarts it.

    Args:
        parts: name -> part.
        console: where to print; standard output by default.
        refresh: called in each round; returns the parts as they are now, some of them restarted.
        stack: name of the stack, for the command.
    """
    console = console or Console(highlight=False)
    logs = {name: _Log(part.log) for name, part in parts.items()}
    following = dict(logs)

    width = max(map(len, parts), default=0)

    def show(name: str, line: Text) -> None:
        console.print(_format_prefix(name, width) + line, soft_wrap=True)

    with _end_on_signal():
        while following:
            before, parts = parts, refresh() if refresh else parts
            following |= {name: logs[name] for name in parts if parts[name] is not before[name]}
            for name, log in list(following.items()):
                # Checked before the log is read, so that the part's last lines are not missed.
                ended = not parts[name].is_running()
                for line in log.lines(to_the_end=ended):
                    show(name, format_log_line(line) if console.is_terminal else Text(line))
                if ended:
                    code = parts[name].exit_code
                    show(name, Text(f"ended ({code}). {format_remedy(name, stack)}", _ENDED_STYLE))
                    del following[name]
            time.sleep(INTERVAL_S)


def format_log_line(line: str) -> Text:
    """Format a JSON record for a terminal; in other lines only replace control characters."""
    try:
        record = json.loads(line)
    except ValueError:
        return Text(_sanitise(line))
    return _format_record(record) if isinstance(record, dict) else Text(_sanitise(line))


def _format_record(record: Mapping[str, Any]) -> Text:
    level = str(record.get("level", ""))
    clock = str(record.get("timestamp", ""))[11:23]
    text = Text.assemble(
        (f"{_sanitise(clock):12} ", "dim"),
        (f"{_sanitise(level):8} ", _LEVEL_STYLES.get(level, "")),
        (_sanitise(str(record.get("event", ""))), "bold"),
    )
    for key, value in record.items():
        if key not in _NOT_REPEATED:
            text_value = value if isinstance(value, str) else json.dumps(value)
            text.append(f" {_sanitise(key)}=", "dim").append(_sanitise(text_value))
    if "exception" in record:
        text.append(f"\n{_sanitise(str(record['exception']), keep=chr(10))}", "red")
    return text


def _format_prefix(part: str, width: int) -> Text:
    return Text(f"{part:{width}} │ ", _PART_STYLES.get(part, ""))


def _sanitise(text: str, keep: str = "") -> str:
    """Replace control characters, which a terminal would obey: tenants write into these lines."""
    return "".join(char if char.isprintable() or char in keep else "\ufffd" for char in text)


class _Log:
    """A growing file, read in whole lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def lines(self, *, to_the_end: bool) -> Iterator[str]:
        """Yield the lines completed since the last call; at the end, an incomplete one too."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not (line.endswith(b"\n") or to_the_end):
                    return
                self._offset += len(line)
                yield line.decode(errors="replace").rstrip("\n")


@contextmanager
def _end_on_signal() -> Iterator[None]:
    """End the block cleanly on Ctrl-C or SIGTERM."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
