"""Each drill: nothing lost, nothing doubled, and the validations notice; and a drill can fail."""

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
    Judge,
    Look,
    Said,
    drill_on,
    drill_table,
    run_drill,
    running,
    timing,
)
from securenet_obs.errors import StackError
from securenet_obs.stack import LocalStack

ALL = os.environ.get("DRILLS") == "all"
FAST = ("redis-connections-killed", "child-oom-killed", "worker-terminated")
"""Drills that every run of the tests affords: they need not wait for the outbox."""

FEW = 100
"""Tasks of a drill in every run of the tests."""


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory, stack_cache: Path) -> Iterator[LocalStack]:
    """Yield a stack that is whole again after each drill."""
    with LocalStack("drilled", tmp_path_factory.mktemp("drilled"), cache=stack_cache) as stack:
        yield stack


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[list[DrillResult]]:
    """Yield a list that is shown as a table in the end, where all drills are run."""
    collected: list[DrillResult] = []
    yield collected
    if ALL:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            Console(width=110).print("", drill_table(collected), sep="\n")


@pytest.mark.skipif(not ALL, reason="DRILLS=all runs them, which takes seven minutes")
@pytest.mark.parametrize("name", DRILLS)
def test_nothing_is_lost_doubled_or_unnoticed(
    name: str, judge: Judge, tmp_path: Path, stack_cache: Path, results: list[DrillResult]
) -> None:
    """Every accepted batch is counted once, no refused one is, and the validations notice."""
    result = run_drill(name, judge=judge, root=tmp_path, cache=stack_cache, report=print)
    results.append(result)
    if result.skipped:
        pytest.skip(result.skipped)
    assert result.in_flight >= running.TASKS
    assert result.verdict == "passed", result


@pytest.mark.skipif(ALL, reason="all of them are run, with more tasks")
@pytest.mark.parametrize("name", FAST)
def test_little_is_neither_lost_nor_doubled(name: str, drilled: LocalStack, judge: Judge) -> None:
    """The same holds with fewer tasks, one drill after another on the same stack."""
    result = drill_on(drilled, DRILLS[name], judge=judge, tasks=FEW, report=print)
    assert result.in_flight > 0
    assert result.verdict == "passed", result


def test_no_look_is_red_for_the_drills_own_tasks(drilled: LocalStack, judge: Judge) -> None:
    """What is seen where nothing is broken but much is queued would be seen in every drill."""
    looks = tuple({look.red: look for drill in DRILLS.values() for look in drill.looks}.values())
    drill = Drill("nothing", "Nothing.", lambda _: nullcontext(), looks=looks)
    result = drill_on(drilled, drill, judge=judge, report=print)
    assert result.unnoticed == tuple(look.notebook for look in looks)


@pytest.mark.stack
def test_what_cannot_be_run_here_is_skipped(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result says why, and no stack is started for it."""
    monkeypatch.setattr(timing, "_PREFIXES", ())
    result = run_drill("clock-off", judge=judge, root=tmp_path)
    assert result.verdict == "skipped"
    assert "libfaketime is not installed" in result.skipped
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_drill_is_named(judge: Judge, stack_cache: Path) -> None:
    """The error tells the names that there are."""
    with pytest.raises(StackError, match="no drill 'redis-drunk'; there are redis-restarted, "):
        run_drill("redis-drunk", cache=stack_cache, judge=judge)


@contextmanager
def lost_and_doubled(stack: LocalStack) -> Iterator[None]:
    """Forget what is queued, in the broker and in the outbox, and count one batch twice."""
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


def test_a_drill_can_fail(drilled: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks that are lost, an effect that is doubled and a blind validation are each told."""
    monkeypatch.setattr(running, "SETTLE_S", 3.0)
    drill = Drill("spoiled", "The count.", lost_and_doubled, looks=(Look("any", "a check"),))
    blind = Said("failed", frozenset({"another check"}))
    result = drill_on(drilled, drill, judge=lambda *_: blind, tasks=FEW, report=print)
    assert result.verdict == "failed"
    assert 0 < len(result.lost) <= result.in_flight
    assert len(result.doubled) == 1
    assert result.recovered_s is None
    assert result.unnoticed == ("any",)
