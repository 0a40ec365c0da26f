"""Log files that are read by ranges."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from securenet_obs.detection.network.counting.analysis import analyse
from securenet_obs.detection.network.counting.partial_json import as_json
from securenet_obs.detection.network.readers.entries import WHOLE, Range
from securenet_obs.detection.network.readers.ranges import ranges_at
from securenet_obs.detection.network.stored.ranges import begin, digest_of, finish, store_range
from securenet_obs.store import LogFile, LogRange, NetworkMinute, session_scope
from tests.detection.network.counting.test_partials import log_of


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of several formats."""
    path = tmp_path / "log"
    path.write_bytes(log_of(random.Random(7), 300))
    return path


def deliver(path: Path, tenant_id: str, part: Range) -> dict[str, Any] | None:
    """Do what the task of a range does, once."""
    digest = digest_of(path)
    partial = analyse(path, part, by_minute=True)
    with session_scope() as session:
        store_range(session, tenant_id, digest, part.start, partial)
    with session_scope() as session:
        return finish(session, tenant_id, digest)


def process(path: Path, tenant_id: str, parts: list[Range], workers: int) -> str:
    """Deliver each range twice, in any order, to some workers; return summary and minutes."""
    with session_scope() as session:
        begin(session, tenant_id, digest_of(path), len(parts), str(path))
    twice = parts * 2
    random.Random(workers).shuffle(twice)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda part: deliver(path, tenant_id, part), twice))
    with session_scope() as session:
        result = session.get_one(LogFile, (tenant_id, digest_of(path))).result
        assert session.scalars(select(LogRange)).all() == []
    return json.dumps([result, minutes_of(tenant_id)])


def minutes_of(tenant_id: str) -> list[Any]:
    """Return the stored minutes of a tenant."""
    columns = [column for column in NetworkMinute.__table__.columns if column.name != "tenant_id"]
    query = select(*columns).where(NetworkMinute.tenant_id == tenant_id)
    with session_scope() as session:
        return sorted(repr(tuple(row)) for row in session.execute(query))


def test_ranges_give_the_result_of_the_whole_file(log: Path, empty_store: str) -> None:
    """Twice, shuffled, by 1, 2 and 4 workers: the bytes of the result are the same."""
    data = log.read_bytes()
    outcomes = {process(log, "whole", [WHOLE], 1)}
    for workers in (1, 2, 4):
        cuts = sorted(random.Random(workers).sample(range(1, len(data)), 5))
        outcomes.add(process(log, f"tenant-{workers}", list(ranges_at(data, cuts)), workers))
    assert len(outcomes) == 1
    whole = analyse(log, by_minute=True)
    result, minutes = json.loads(outcomes.pop())
    assert (result["records"], result["minutes"]) == (whole.records, len(whole.minutes))
    assert len(minutes) == len(as_json(whole)["minutes"]) > 10


def test_a_file_is_counted_once(log: Path, empty_store: str) -> None:
    """A second import of the same content returns the first result and changes nothing."""
    first = process(log, "acme", [WHOLE], 1)
    copy = log.with_name("copy")
    copy.write_bytes(log.read_bytes())
    assert process(copy, "acme", [WHOLE], 1) == first


def test_a_file_is_not_counted_before_its_last_range(log: Path, empty_store: str) -> None:
    """A range that comes again after the end changes nothing."""
    first, second = ranges_at(log.read_bytes(), [500])
    with session_scope() as session:
        begin(session, "acme", digest_of(log), 2, str(log))
    assert deliver(log, "acme", second) is None
    assert deliver(log, "acme", second) is None
    assert minutes_of("acme") == []
    result = deliver(log, "acme", first)
    assert result is not None
    counted = minutes_of("acme")
    assert deliver(log, "acme", first) == result
    assert minutes_of("acme") == counted
