"""A task is sent as by SecureNet's own senders."""

import base64
import json
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from securenet_obs.errors import UnreachableError
from securenet_obs.oncall.actions.sending import EXPIRES_S, send_task
from securenet_obs.settings import Settings
from tests.conftest import RedisServer


def test_the_message_waits_in_its_queue(redis_server: RedisServer) -> None:
    """It has its arguments, its headers and an expiry; the ledger has recorded it."""
    url = redis_server.environment["REDIS_URL"].removesuffix("/0")
    settings = Settings(redis_url=SecretStr(f"{url}/8"), result_url=SecretStr(f"{url}/9"))
    with redis.Redis.from_url(f"{url}/8") as broker:
        broker.flushdb()
        send_task(settings, "a.task", ["acme"], queue="scans", headers={"window": "w"})
        (message,) = (json.loads(each) for each in broker.lrange("scans", 0, -1))
        sent: Any = broker.xlen("securenet:ledger:sent")
        broker.flushdb()
    headers = message["headers"]
    arguments, *_ = json.loads(base64.b64decode(message["body"]))
    assert (headers["task"], arguments, headers["window"]) == ("a.task", ["acme"], "w")
    assert headers["expires"]
    assert EXPIRES_S == 3600
    assert sent == 1


def test_a_broker_that_does_not_answer_is_an_error() -> None:
    """It is one of the errors that a confirmed action reports."""
    with pytest.raises(UnreachableError, match="REDIS_URL"):
        send_task(Settings(redis_url=SecretStr("redis://127.0.0.1:1/0")), "a.task", queue="scans")
