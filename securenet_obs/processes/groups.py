"""Ends process groups (pid, start time); guard program, which does so when its parent is gone.

Run as a program, with its parent's pid, this file is the guard: it reads `+PID`, `-PID`,
`remove FOLDER` and `keep`, one per line, from standard input. At the end of the input (the parent
is gone, for whatever reason) it ends the registered groups, then removes the folders.
It uses the standard library only, so that it starts quickly and can be run by its path.
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
"""Seconds between SIGTERM to a process and SIGKILL to its group."""

WATCH_S = 0.5
"""Seconds between two checks of the guard that its parent is alive."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def read_start_time(pid: int) -> str | None:
    """Return the start time of a process, for comparison only; None if the process is gone.

    Pids are reused; together with its start time a pid identifies one process.
    """
    if not _BOOT_ID.exists():
        return _read_start_time_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name, in parentheses, and may hold anything.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state == "Z" else f"{_BOOT_ID.read_text().strip()}:{fields[18]}"


def _read_start_time_by_ps(pid: int) -> str | None:
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
    """End process groups: SIGTERM to their leaders, SIGKILL to the rest after `grace_s`.

    Args:
        groups: pid of the leader -> its recorded start time. A pid that belongs to another process
            by now is left alone; if the leader is gone, the members of its group are killed.
    """
    ours = {
        pid: started for pid, started in groups.items() if read_start_time(pid) in {started, None}
    }

    def living() -> list[int]:
        return [pid for pid, started in ours.items() if started and read_start_time(pid) == started]

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
    # macOS refuses to signal a group that consists of zombies only.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def main() -> None:
    """Run as the guard: read standard input to its end, then end the registered groups."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, str | None] = {}
    folders: list[str] = []
    for line in _read_lines(int(sys.argv[1])):
        if line.startswith("+"):
            groups[int(line[1:])] = read_start_time(int(line[1:]))
        elif line.startswith("-"):
            groups.pop(int(line[1:]), None)
        elif line.startswith("remove "):
            folders.append(line.removeprefix("remove "))
        elif line == "keep":
            folders.clear()
    end_groups(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _read_lines(parent: int) -> Iterator[str]:
    """Yield the lines of standard input until its end, or until the parent is gone.

    A process that the parent has forked may hold the pipe open after the parent's end.
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
