"""Events of child processes: all arrive or are counted; no line names a lost event."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.busy import room_for
from tests.forked_python import LIBRARIES

PROGRAM = """
    import atexit, multiprocessing, os, signal, sys, threading, time
    from concurrent.futures import ProcessPoolExecutor
    import structlog
    from securenet_obs.monitoring import configure_structlog, flush_sentry, init_sentry
    from securenet_obs.monitoring.sentry.delivery import transport
    configure_structlog()
    transport.CONFIRM_S = float(os.environ.get("CONFIRM_S", "20"))
    transport._EXIT_FLUSH_S = float(os.environ.get("EXIT_S", "60"))
    init_sentry(os.environ["SENTRY_DSN"], "test")
    log = structlog.get_logger("ours")

    def child(text="child"):
        log.error("failed", text=text, pid=os.getpid())
        log.error("number %s", text)

    def exits():
        child()
        sys.exit(3)

    def leaves():
        child()
        os._exit(3)

    def is_killed():
        child()
        os.kill(os.getpid(), signal.SIGKILL)

    def fails():
        child()
        raise RuntimeError("the child's own")

    def in_threads():
        child()
        for daemon in (False, True):
            thread = threading.Thread(target=child, daemon=daemon)
            thread.start()
            thread.join()

    if __name__ == "__main__":
        context = multiprocessing.get_context(os.environ.get("METHOD", "fork"))
        # Its children would import the libraries each for itself.
        multiprocessing.set_forkserver_preload(os.environ["LIBRARIES"].split())
"""

METHODS = ("fork", "spawn", "forkserver")

Outcome = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture
def run_file(tmp_path: Path, sentry: SentryRecorder) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that runs a program from a file, and returns its lines."""

    def run(code: str, **environment: str) -> list[dict[str, Any]]:
        body = textwrap.indent(textwrap.dedent(code), "    ")
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(PROGRAM) + body)
        finished = subprocess.run(
            [sys.executable, str(file)],
            env={
                **os.environ,
                "ENVIRONMENT": "test",
                "SENTRY_DSN": sentry.dsn,
                "LIBRARIES": " ".join(LIBRARIES),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return [json.loads(line) for line in finished.stdout.splitlines() if line[:1] == "{"]

    return run


def named(lines: list[dict[str, Any]]) -> set[str]:
    """Return the ids of events that lines name."""
    return {line["sentry_event_id"] for line in lines if "sentry_event_id" in line}


def arrived(sentry: SentryRecorder) -> set[str]:
    """Return the ids of the events that arrived."""
    return {event["event_id"] for event in sentry.events}


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_events_of_a_child_arrive(run_file: Any, sentry: SentryRecorder, method: str) -> None:
    """However a child is started and ends, its events arrive under the ids of its lines."""
    sentry.delay_s = 0.1
    lines = run_file(
        """
        ways = in_threads, exits, leaves, is_killed, fails
        for way in ways:
            process = context.Process(target=way)
            process.start()
            process.join()
        """,
        METHOD=method,
    )
    assert len(named(lines)) == 15
    assert named(lines) == arrived(sentry)
    (uncaught,) = [line for line in lines if line["event"] == "uncaught_exception"]
    assert uncaught["exception"][0]["exc_value"] == "the child's own"


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_events_of_a_pool_arrive(run_file: Any, sentry: SentryRecorder, method: str) -> None:
    """The processes of a pool are terminated, or end by themselves."""
    sentry.delay_s = 0.1
    lines = run_file(
        """
        with context.Pool(1) as pool:
            pool.map(child, "ab")
        pool = context.Pool(1)
        pool.map(child, "ab")
        pool.close()
        pool.join()
        with ProcessPoolExecutor(1, mp_context=context) as executor:
            list(executor.map(child, "ab"))
        """,
        METHOD=method,
    )
    assert len(named(lines)) == 12
    assert named(lines) == arrived(sentry)


def test_the_events_of_a_fork_arrive(run_file: Any, sentry: SentryRecorder) -> None:
    """A process that `os.fork` made leaves by `os._exit`."""
    lines = run_file(
        """
        log.error("parent")
        if os.fork() == 0:
            child()
            if os.fork() == 0:
                leaves()
            os.wait()
            os._exit(0)
        os.wait()
        """
    )
    assert len(named(lines)) == 5
    assert named(lines) == arrived(sentry)


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 500, 403])
def test_the_losses_of_a_child_are_reported(
    run_file: Any, sentry: SentryRecorder, status: int
) -> None:
    """Each refused event is counted in a line; no line names a lost event."""
    sentry.status = status
    lines = run_file(
        """
        if os.fork() == 0:
            leaves()
        os.wait()
        """
    )
    lost = [line["lost"] for line in lines if line["event"] == "sentry_events_lost"]
    assert sum(sum(each.values()) for each in lost) == 2
    assert named(lines) == set()


def test_an_unresponsive_sentry_delays_a_child_once(run_file: Any, sentry: SentryRecorder) -> None:
    """Only the first capture waits; unconfirmed events are reported and not named."""
    sentry.delay_s = 3600
    lines = run_file(
        """
        if os.fork() == 0:
            began = time.perf_counter()
            for number in range(20):
                log.error("number %d", number)
            log.info("took", seconds=time.perf_counter() - began)
            os._exit(0)
        os.wait()
        """,
        CONFIRM_S="0.5",
        EXIT_S="2",
    )
    (took,) = [line["seconds"] for line in lines if line["event"] == "took"]
    assert 0.5 <= took < room_for(0.8)  # 10 s if each of them waited
    assert sum(line["event"] == "sentry_events_unconfirmed" for line in lines) == 20
    assert named(lines) == set()


@pytest.mark.slow
def test_an_event_loop_of_a_child_does_not_wait(run_file: Any, sentry: SentryRecorder) -> None:
    """A server's child must not block its loop; its events are flushed at its end."""
    sentry.delay_s = 1.5
    lines: list[dict[str, Any]] = []
    takes: list[float] = []
    # One that is held takes longer, too: one of three is not.
    while len(takes) < 3 and not any(took < sentry.delay_s for took in takes):
        lines += run_file(
            """
            import asyncio
            async def serve():
                began = time.perf_counter()
                child()
                log.info("took", seconds=time.perf_counter() - began)
            process = context.Process(target=lambda: asyncio.run(serve()))
            process.start()
            process.join()
            """
        )
        takes = [line["seconds"] for line in lines if line["event"] == "took"]
    assert min(takes) < sentry.delay_s
    assert len(named(lines)) == 2 * len(takes)
    assert named(lines) == arrived(sentry)


def test_an_error_that_returns_from_a_child_is_one_event(
    run_file: Any, sentry: SentryRecorder
) -> None:
    """An exception that a child has sent and the parent logs again is not sent twice."""
    lines = run_file(
        """
        def work():
            try:
                1 / 0
            except ZeroDivisionError:
                log.exception("in the child")
                raise
        globals()["work"] = work
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            try:
                pool.submit(work).result()
            except ZeroDivisionError:
                log.exception("in the parent")
        """
    )
    assert len(named(lines)) == 1
    assert named(lines) == arrived(sentry)
