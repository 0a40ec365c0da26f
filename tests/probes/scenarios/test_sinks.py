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


def test_only_new_log_bytes_are_read(tmp_path: Path) -> None:
    """A file that is new or was truncated is read completely."""
    old, emptied = tmp_path / "old.log", tmp_path / "emptied.log"
    old.write_text("before\n")
    emptied.write_text("before, and long\n")
    sizes = read_log_sizes(tmp_path)
    with old.open("a") as file:
        file.write("after\n")
    emptied.write_text("anew\n")
    (tmp_path / "new.log").write_text("new\n")
    assert sorted(read_logs_since(sizes, tmp_path).split()) == [b"after", b"anew", b"new"]


def test_missing_text_ends_at_the_deadline(tmp_path: Path) -> None:
    """The bytes so far are returned; the caller judges them."""
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


def test_every_redis_type_is_read(database) -> None:
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


def test_oversized_redis_is_refused(database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partial search would prove nothing."""
    settings, client = database
    client.mset({"a": 1, "b": 2, "c": 3})
    monkeypatch.setattr(sinks, "MAX_KEYS", 2)
    with pytest.raises(ProbeError, match="more than 2 keys"):
        read_redis_content(settings)


def test_complete_event_is_returned() -> None:
    """An event that did not arrive contributes nothing."""
    event = ErrorEvent("e" * 32, "x", None, None, {}, [], {"deep": [{"er": "vålue"}]})
    held = dump_events([Arrival("a", event), Arrival("b", None)])
    assert json.loads(held) == [{"deep": [{"er": "vålue"}]}]
    assert "vålue".encode() in held


def test_evidence_includes_file_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an evidence folder the result is None."""
    monkeypatch.delenv(EVIDENCE, raising=False)
    assert read_evidence() is None
    (tmp_path / "run.ipynb").write_text("content")
    monkeypatch.setenv(EVIDENCE, str(tmp_path))
    assert read_evidence() == b"run.ipynb\ncontent"
