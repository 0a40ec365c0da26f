"""Signals reach the intended processes and no others."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securenet_obs.drills.faults.signals import (
    find_children,
    kill,
    kill_children,
    pause,
    terminate_gracefully,
)
from securenet_obs.errors import StackError
from securenet_obs.processes.guard import Guard
from securenet_obs.stack.part import Part
from tests.waiting import eventually

MakePart = Callable[[str], Part]


@pytest.fixture
def make_part(tmp_path: Path) -> Iterator[MakePart]:
    """Yield a factory of parts that run a shell script and are ready after its first line."""
    with Guard() as guard:
        parts: list[Part] = []

        def make(script: str) -> Part:
            log = tmp_path / f"{len(parts)}.log"
            part = Part(
                "sample",
                ["/bin/sh", "-c", script],
                folder=tmp_path,
                log=log,
                environment={},
                ready=lambda _since: "ready" in log.read_text(),
                address="nowhere",
                guard=guard,
            )
            parts.append(part)
            return part.start()

        yield make
        for part in parts:
            part.stop()


def state(pid: int) -> str:
    """Return the state of a process: T is stopped, S is asleep, empty is ended."""
    result = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True)
    return result.stdout.strip()[:1]


def test_paused_leader_continues_afterwards(make_part: MakePart) -> None:
    """Within the block the leader is stopped and its child is not."""
    part = make_part("sleep 60 & echo ready; wait")
    (child,) = find_children(part)
    with pause(part):
        assert eventually(lambda: (state(part.pid), state(child)) == ("T", "S"), 30)
    assert eventually(lambda: state(part.pid) == "S", 30)


def test_only_the_children_are_killed(make_part: MakePart) -> None:
    """The leader detects the end of its child and continues."""
    part = make_part('sleep 60 & echo ready; wait $!; echo "ended $?"; exec sleep 60')
    kill_children(part)
    assert eventually(lambda: "ended 137" in part.log.read_text(), 30)
    assert part.is_running()


def test_killed_part_leaves_no_process(make_part: MakePart) -> None:
    """Leader and children end at once, without a handler."""
    part = make_part("trap 'echo handled' TERM; sleep 60 & echo ready; wait")
    (child,) = find_children(part)
    kill(part)
    assert not part.is_running()
    assert state(child) in {"", "Z"}
    assert "handled" not in part.log.read_text()


def test_graceful_termination_requires_exit_code_0(
    make_part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another exit code, and a part that does not end, are errors."""
    monkeypatch.setattr("securenet_obs.drills.faults.signals.STOP_S", 0.5)
    terminate_gracefully(make_part("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done"))
    with pytest.raises(StackError, match=r"sample .* ended with exit code 3"):
        terminate_gracefully(
            make_part("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done")
        )
    with pytest.raises(StackError, match=r"ran on for 0\.5 s"):
        terminate_gracefully(make_part("trap '' TERM; echo ready; while :; do sleep 0.05; done"))
