"""A part is up when its readiness check is true, and down with all its processes."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securenet_obs.errors import PartNotReadyError
from securenet_obs.processes.guard import Guard
from securenet_obs.stack import part as part_module
from securenet_obs.stack.part import Part, wait_until_ready

Living = Callable[[int], list[str]]
MakePart = Callable[..., Part]


@pytest.fixture
def make_part(tmp_path: Path) -> Iterator[MakePart]:
    """Yield a factory of parts that run a shell script and are ready by its log."""
    with Guard() as guard:
        parts: list[Part] = []

        def make(script: str, name: str = "sample") -> Part:
            log = tmp_path / f"{name}.log"
            parts.append(
                Part(
                    name,
                    ["/bin/sh", "-c", script],
                    folder=tmp_path / name,
                    log=log,
                    environment={"GIVEN": "yes"},
                    ready=lambda _since: log.exists() and "ready" in log.read_text(),
                    address="nowhere",
                    guard=guard,
                )
            )
            return parts[-1]

        yield make
        for part in parts:
            part.stop()


def test_start_returns_when_the_part_is_ready(make_part: MakePart) -> None:
    """The part then runs in its own group."""
    part = make_part("sleep 0.3; echo ready; exec sleep 60").start()
    assert part.is_running()
    assert os.getpgid(part.pid) == part.pid
    assert "ready" in part.log.read_text()


def test_stopped_part_leaves_no_process(make_part: MakePart, remaining: Living) -> None:
    """Stop ends the process and its children; the part can be started again."""
    part = make_part("sleep 60 & echo ready; exec sleep 60").start()
    group = part.pid
    part.stop()
    assert not part.is_running()
    assert remaining(group) == []
    assert part.start().pid != group


def test_part_that_ignores_sigterm_is_killed(
    make_part: MakePart, remaining: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed after its grace period."""
    monkeypatch.setattr(part_module, "STOP_S", 0.3)
    part = make_part("trap '' TERM; echo ready; while :; do sleep 1; done").start()
    part.stop()
    assert remaining(part.pid) == []


def test_part_that_ends_early_is_reported(make_part: MakePart) -> None:
    """The error has the part, its exit code and the last lines of its log."""
    with pytest.raises(PartNotReadyError) as caught:
        make_part("seq 1 40; echo no such table >&2; exit 3").start()
    message = str(caught.value)
    assert message.startswith("sample ended with exit code 3; the end of ")
    assert message.endswith("\n  39\n  40\n  no such table")
    assert "\n  20\n" not in message


def test_exit_code_0_before_readiness_is_a_failure(make_part: MakePart) -> None:
    """A part must not end before it is ready."""
    with pytest.raises(PartNotReadyError, match="sample ended with exit code 0"):
        make_part("exit 0").start()


def test_readiness_of_an_ended_part_does_not_count(make_part: MakePart) -> None:
    """A true readiness check after the end of the process belongs to another server."""
    with pytest.raises(PartNotReadyError, match="exit code 4"):
        await_launched(make_part("echo ready; exit 4"))


def await_launched(part: Part) -> None:
    """Launch a part, wait for its end, then for its readiness."""
    part.launch()
    while part.is_running():
        time.sleep(0.01)
    wait_until_ready([part])


def test_part_that_is_never_ready_is_reported(
    make_part: MakePart, remaining: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the waiting time, and the process is stopped."""
    monkeypatch.setattr(part_module, "START_S", 0.5)
    part = make_part("exec sleep 60")
    with pytest.raises(PartNotReadyError, match=r"was not ready within 0.5 s(.|\n)+\(no"):
        part.start()
    assert remaining(part.pid) == []


def test_first_failure_is_reported_at_once(make_part: MakePart) -> None:
    """A part that ends is reported while others are still starting."""
    parts = [make_part("exec sleep 60", "slow"), make_part("exit 5", "broken")]
    for part in parts:
        part.launch()
    with pytest.raises(PartNotReadyError, match="broken ended with exit code 5"):
        wait_until_ready(parts)


def test_user_environment_is_not_inherited(
    make_part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part has its own variables and a few harmless ones, no token and no proxy."""
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "the user's")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    part = make_part("env; echo ready; exec sleep 60").start()
    variables = {line.split("=")[0] for line in part.log.read_text().splitlines() if "=" in line}
    assert {"GIVEN", "PATH"} <= variables
    assert not {"SENTRY_AUTH_TOKEN", "HTTP_PROXY"} & variables


def test_copied_part_differs_only_by_the_change(make_part: MakePart) -> None:
    """Other variables or another command make a new part; the first is unchanged."""
    first = make_part('echo "$GIVEN-$MORE ready"; exec sleep 60')
    more = first.copy_with({"MORE": "too"}, None)
    other = first.copy_with({}, ["/bin/sh", "-c", 'echo "other $GIVEN-$MORE"; exit 3'])
    assert [output(part) for part in (more, other, first)] == [
        "yes-too ready",
        "other yes-",
        "yes- ready",
    ]


def output(part: Part) -> str:
    """Run a part until it has written a line, and return the line."""
    part.log.unlink(missing_ok=True)
    part.launch()
    while not part.log.read_text().endswith("\n"):
        time.sleep(0.01)
    part.stop()
    return part.log.read_text().strip()
