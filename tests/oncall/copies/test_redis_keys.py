"""Copies in every type of a key are found and masked; Redis's own files hold them no longer."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from securenet_obs.oncall.copies.copy import Copy, Skipped
from securenet_obs.oncall.copies.redis_keys import RedisKeys, open_databases
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.processes.polling import poll_until
from securenet_obs.settings import Settings
from tests.conftest import RedisServer

SECRET = "snk-planted-0815-secret"
MASKED = "*" * len(SECRET)
SPELLED = Spelled({"KEY": SecretStr(SECRET)})


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    return Settings(**{name.lower(): value for name, value in redis_server.environment.items()})


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    """Yield a client of the results' database; the planted keys are removed after the test."""
    with redis.Redis.from_url(settings.results.get_secret_value()) as opened:
        yield opened
        for key in opened.scan_iter("planted*"):
            opened.delete(key)


def find(settings: Settings) -> list[Copy]:
    """Return the copies in the results' database."""
    _, results = open_databases(settings)
    return [each for each in results.search(SPELLED) if isinstance(each, Copy)]


def find_keys(settings: Settings) -> list[Copy]:
    """Return the copies in keys: on a busy machine the slow log may have one, too."""
    return [copy for copy in find(settings) if not copy.where.endswith("slow log")]


def test_every_type_of_a_key_is_masked(settings: Settings, client: redis.Redis) -> None:
    """Expiry, order, score and all other items stay; a second purge changes nothing."""
    done = f'{{"result": "{SECRET}", "date_done": "2026-11-27T07:46:09"}}'
    body = base64.b64encode(json.dumps([["a", SECRET], {}]).encode()).decode()
    client.set("planted:string", done, ex=500)
    client.rpush("planted:list", "first", body, "last")
    client.hset("planted:hash", mapping={"a": SECRET, SECRET: "b", "c": "d"})
    client.sadd("planted:set", SECRET, "other")
    client.zadd("planted:zset", {SECRET: 7, "other": 1})
    client.xadd("planted:stream", {"a": SECRET})
    client.xadd("planted:stream", {"a": "b"})
    client.set(f"planted:{SECRET}", "x")
    copies = find_keys(settings)
    assert len(copies) == 7
    by_place = {copy.where: copy for copy in copies}
    assert by_place["RESULT_URL planted:string"].since == "2026-11-27T07:46:09Z"
    assert by_place["RESULT_URL planted:hash"].count == 2
    assert [copy.where for copy in copies if copy.holds_task] == ["RESULT_URL planted:list"]
    for copy in (*copies, *copies):
        copy.purge()
    assert find_keys(settings) == []
    assert 0 < client.ttl("planted:string") <= 500
    items: Any = client.lrange("planted:list", 0, -1)
    assert (items[0], items[2]) == (b"first", b"last")
    ends = f"s{'*' * (len(SECRET) - 2)}t"
    assert json.loads(base64.b64decode(items[1])) == [["a", ends], {}]
    assert client.hgetall("planted:hash") == {
        b"a": MASKED.encode(), MASKED.encode(): b"b", b"c": b"d",
    }  # fmt: skip
    assert client.zscore("planted:zset", MASKED) == 7
    assert client.xlen("planted:stream") == 1
    assert client.get(f"planted:{MASKED}") == b"x"


def find_files(folder: Path) -> list[Path]:
    """Return Redis's files, without its log."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"]


def test_files_and_slow_log_forget_it(settings: Settings, client: redis.Redis) -> None:
    """Neither does the purge itself put it there."""
    before = client.config_get("slowlog-log-slower-than")
    client.config_set("slowlog-log-slower-than", 0)
    try:
        client.set("planted:string", SECRET)
    finally:
        client.config_set("slowlog-log-slower-than", before["slowlog-log-slower-than"])
    copies = find(settings)
    assert {copy.where for copy in copies} == {
        "RESULT_URL planted:string", "RESULT_URL slow log",
    }  # fmt: skip
    folder = Path(client.config_get("dir")["dir"])
    for copy in copies:
        copy.purge()
    open_databases(settings)[1].settle()
    assert find(settings) == []
    assert {path.suffix for path in find_files(folder)} & {".aof", ".rdb"}
    # Redis removes the files before in the background.
    assert not poll_until(
        lambda: [path for path in find_files(folder) if SECRET.encode() in path.read_bytes()],
        lambda holding: not holding,
        deadline_s=30,
    )


def test_a_server_that_does_not_answer_is_skipped(settings: Settings) -> None:
    """The reason has neither the password nor the secret."""
    closed = RedisKeys(SecretStr("redis://:password-1@127.0.0.1:1/0"), "REDIS_URL")
    (skipped,) = closed.search(SPELLED)
    assert isinstance(skipped, Skipped)
    assert "does not answer" in skipped.reason
    assert "password-1" not in skipped.reason
