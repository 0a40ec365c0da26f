"""Process groups: which process a number means, how a group ends, and the guard that outlives us.

Run as a program, with its parent's number, this file is the guard: it reads `+PID`, `-PID`,
`remove FOLDER` and `keep`, one a line, from standard input. At its end (the parent is gone, however
it went) it ends the groups that were added and not taken out, then removes the folder. It uses the
standard library alone, so that it starts in a moment and can be run by its path.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

GRACE_S = 5.0
"""Seconds between asking a process to end and killing its group."""

WATCH_S = 0.5
"""Seconds between two looks of the guard at whether its parent is there."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> str | None:
    """Return when the process was started, in a form that only equals itself; None if it is gone.

    A process number is used again some day; together with its start time it means one process.
    """
    if not _BOOT_ID.exists():
        return _start_time_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name, in parentheses, and may hold anything.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else f"{_BOOT_ID.read_text().strip()}:{fields[18]}"


def _start_time_by_ps(pid: int) -> str | None:
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def end_groups(groups: Mapping[int, str | None], grace_s: float = GRACE_S) -> None:
    """End process groups: their leaders are asked to, what is left after `grace_s` is killed.

    Args:
        groups: number of the leader -> its start time as it was recorded. A leader that is another
            process by now is left alone; of one that is gone, the members of its group are killed.
    """
    ours = {pid: started for pid, started in groups.items() if start_time(pid) in {started, None}}

    def living() -> list[int]:
        return [pid for pid, started in ours.items() if started and start_time(pid) == started]

    for pid in living():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while living() and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in ours:
        kill_group(pid)


def kill_group(pid: int) -> None:
    """Kill every member of a group, if it has any."""
    # Where nobody is left macOS refuses, because of the zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Be the guard: follow standard input, then end what its writer left behind."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, str | None] = {}
    folder = ""
    for line in _lines_of(int(sys.argv[1])):
        if line.startswith("+"):
            groups[int(line[1:])] = start_time(int(line[1:]))
        elif line.startswith("-"):
            groups.pop(int(line[1:]), None)
        elif line.startswith("remove "):
            folder = line.removeprefix("remove ")
        elif line == "keep":
            folder = ""
    end_groups(groups)
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _lines_of(parent: int) -> Iterator[str]:
    """Yield the lines of standard input until its end, or until the parent is gone.

    A process that the parent has forked may hold the pipe open beyond the parent's end.
    """
    rest = b""
    while True:
        if select.select([0], [], [], WATCH_S)[0]:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            yield from (line.decode() for line in lines)
        elif os.getppid() != parent:
            return


if __name__ == "__main__":
    main()
