"""Each drill: no lost or doubled batch, and every fault is detected; and a drill can fail."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest
import redis
from rich.console import Console
from sqlalchemy import make_url

from securenet_obs.drills import (
    DRILLS,
    Drill,
    DrillResult,
    ExpectedAlarm,
    ValidationOutcome,
    ValidationRunner,
    render_drill_table,
    run_drill,
    run_drill_on,
    running,
)
from securenet_obs.drills.faults import clock
from securenet_obs.errors import StackError
from securenet_obs.stack import LocalStack

ALL = os.environ.get("DRILLS") == "all"
FAST = (
    "redis-connections-killed",
    "redis-failed-over",
    "child-oom-killed",
    "worker-terminated",
)
"""Drills that the tests afford, one of each kind: none waits for the outbox."""

FEW = 100
"""Tasks of a drill in the tests."""


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory, stack_cache: Path) -> Iterator[LocalStack]:
    """Yield a stack that is repaired after each drill."""
    with LocalStack("drilled", tmp_path_factory.mktemp("drilled"), cache=stack_cache) as stack:
        yield stack


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[list[DrillResult]]:
    """Yield a list of results that is printed as a table at the end, if all drills run."""
    collected: list[DrillResult] = []
    yield collected
    if ALL:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            Console(width=110).print("", render_drill_table(collected), sep="\n")


@pytest.mark.skipif(not ALL, reason="DRILLS=all runs them, which takes a quarter of an hour")
@pytest.mark.parametrize("name", DRILLS)
def test_no_drill_loses_doubles_or_goes_unnoticed(
    name: str,
    run_validation: ValidationRunner,
    tmp_path: Path,
    stack_cache: Path,
    results: list[DrillResult],
) -> None:
    """Accepted batches are counted once, refused ones never, and validations fail."""
    result = run_drill(
        name, run_validation=run_validation, root=tmp_path, cache=stack_cache, report=print
    )
    results.append(result)
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.in_flight >= running.TASKS
    assert result.verdict == "passed", result


@pytest.mark.slow
@pytest.mark.skipif(ALL, reason="all of them are run, with more tasks")
@pytest.mark.parametrize("name", FAST)
def test_small_loads_are_neither_lost_nor_doubled(
    name: str, drilled: LocalStack, run_validation: ValidationRunner
) -> None:
    """The same holds with fewer tasks, one drill after another on the same stack."""
    result = run_drill_on(
        drilled, DRILLS[name], run_validation=run_validation, tasks=FEW, report=print
    )
    assert result.in_flight > 0
    assert result.verdict == "passed", result


@pytest.mark.slow
def test_load_alone_raises_no_alarm(drilled: LocalStack, run_validation: ValidationRunner) -> None:
    """A check that fails under load alone would fail in every drill."""
    expected_alarms = tuple(
        {
            alarm.check: alarm for drill in DRILLS.values() for alarm in drill.expected_alarms
        }.values()
    )
    drill = Drill("nothing", "Nothing.", lambda _: nullcontext(), expected_alarms=expected_alarms)
    result = run_drill_on(drilled, drill, run_validation=run_validation, report=print)
    assert result.unnoticed == tuple(alarm.notebook for alarm in expected_alarms)


@pytest.mark.stack
def test_impossible_drill_is_skipped(
    run_validation: ValidationRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result has the reason, and no stack is started."""
    monkeypatch.setattr(clock, "_PREFIXES", ())
    result = run_drill("clock-off", run_validation=run_validation, root=tmp_path)
    assert result.verdict == "skipped"
    assert "libfaketime is not installed" in result.skipped
    assert list(tmp_path.iterdir()) == []


def test_unknown_drill_is_an_error(run_validation: ValidationRunner, stack_cache: Path) -> None:
    """The error lists the drills."""
    with pytest.raises(
        StackError, match="'redis-drunk' is not a drill; the drills are redis-restarted, "
    ):
        run_drill("redis-drunk", cache=stack_cache, run_validation=run_validation)


@contextmanager
def lost_and_doubled(stack: LocalStack) -> Iterator[None]:
    """Delete the queued tasks in broker and outbox, and count one batch twice."""
    with redis.Redis.from_url(stack.environment["REDIS_URL"]) as client:
        client.delete("logs")
    path = make_url(stack.environment["DATABASE_URL"]).database
    assert path is not None
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as store:
        store.execute("DELETE FROM submissions WHERE finished_at IS NULL")
        store.execute(
            "UPDATE network_minutes SET records = 2 * records WHERE rowid ="
            " (SELECT max(rowid) FROM network_minutes)"
        )
    yield


@pytest.mark.slow
def test_drill_can_fail(drilled: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost tasks, a doubled effect and a validation without an alarm are each reported."""
    monkeypatch.setattr(running, "SETTLE_S", 3.0)
    drill = Drill(
        "spoiled",
        "The count.",
        lost_and_doubled,
        expected_alarms=(ExpectedAlarm("any", "a check"),),
    )
    blind = ValidationOutcome("failed", frozenset({"another check"}))
    result = run_drill_on(drilled, drill, run_validation=lambda *_: blind, tasks=FEW, report=print)
    assert result.verdict == "failed"
    assert 0 < len(result.lost) <= result.in_flight
    assert len(result.doubled) == 1
    assert result.recovered_s is None
    assert result.unnoticed == ("any",)
