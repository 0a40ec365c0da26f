import json
from pathlib import Path

import pytest
import redis

from securenet_obs.errors import ProbeError
from securenet_obs.probes import (
    dump_events,
    read_evidence,
    read_log_sizes,
    read_logs_since,
    read_redis_content,
)
from securenet_obs.probes.errors.arrivals import Arrival
from securenet_obs.probes.errors.events import ErrorEvent
from securenet_obs.probes.scenarios import sinks
from securenet_obs.probes.scenarios.sinks import EVIDENCE, wait_for_log_text
from securenet_obs.settings import Settings


def test_only_what_was_written_since_is_read(tmp_path: Path) -> None:
    """Of a file that is new, or was emptied meanwhile, everything is."""
    old, emptied = tmp_path / "old.log", tmp_path / "emptied.log"
    old.write_text("before\n")
    emptied.write_text("before, and long\n")
    sizes = read_log_sizes(tmp_path)
    with old.open("a") as file:
        file.write("after\n")
    emptied.write_text("anew\n")
    (tmp_path / "new.log").write_text("new\n")
    assert sorted(read_logs_since(sizes, tmp_path).split()) == [b"after", b"anew", b"new"]


def test_a_text_that_never_comes_ends_at_the_deadline(tmp_path: Path) -> None:
    """What is there is returned, for the caller to judge."""
    (tmp_path / "a.log").write_text("x\n")
    assert wait_for_log_text({}, tmp_path, text="x", times=2, deadline_s=0.3) == b"x\n"
    assert wait_for_log_text({}, tmp_path, text="x", times=1, deadline_s=60) == b"x\n"


@pytest.fixture
def database(redis_server) -> tuple[Settings, redis.Redis]:
    """Return settings of a Redis and a client of its database of results, empty."""
    settings = Settings(redis_url=redis_server.environment["REDIS_URL"])
    client = redis.Redis.from_url(settings.results.get_secret_value())
    client.flushdb()
    return settings, client


def test_every_kind_of_value_in_redis_is_read(database) -> None:
    """Queues are lists, unacknowledged messages a hash, schedules a sorted set."""
    settings, client = database
    client.set("k1", "v-text")
    client.rpush("k2", "v-list")
    client.sadd("k3", "v-set")
    client.hset("k4", "v-name", "v-hash")
    client.zadd("k5", {"v-zset": 1})
    held = read_redis_content(settings)
    wanted = ["k1", "k5", "v-text", "v-list", "v-set", "v-name", "v-hash", "v-zset"]
    assert [text for text in wanted if text.encode() not in held] == []


def test_a_redis_too_large_to_search_is_not_passed_over(
    database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a search would be no proof."""
    settings, client = database
    client.mset({"a": 1, "b": 2, "c": 3})
    monkeypatch.setattr(sinks, "MAX_KEYS", 2)
    with pytest.raises(ProbeError, match="more than 2 keys"):
        read_redis_content(settings)


def test_the_whole_stored_event_is_searched() -> None:
    """An event that did not arrive holds nothing."""
    event = ErrorEvent("e" * 32, "x", None, None, {}, [], {"deep": [{"er": "vålue"}]})
    held = dump_events([Arrival("a", event), Arrival("b", None)])
    assert json.loads(held) == [{"deep": [{"er": "vålue"}]}]
    assert "vålue".encode() in held


def test_the_evidence_is_read_with_the_names_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing names a folder there is none to be searched."""
    monkeypatch.delenv(EVIDENCE, raising=False)
    assert read_evidence() is None
    (tmp_path / "run.ipynb").write_text("content")
    monkeypatch.setenv(EVIDENCE, str(tmp_path))
    assert read_evidence() == b"run.ipynb\ncontent"
