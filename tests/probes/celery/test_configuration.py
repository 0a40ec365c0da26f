"""The configuration of Redis: its options and its version, or the reason for none."""

import pytest

from securenet_obs.errors import ForbiddenError, NotFoundError, UnreachableError
from securenet_obs.probes.celery.configuration import read_redis_configuration
from tests.conftest import RedisServer

pytestmark = pytest.mark.stack


def test_options_and_version_are_read(redis_server: RedisServer) -> None:
    """Present names only; Redis lists the former ones beside them."""
    found = read_redis_configuration(redis_server.environment)
    assert found["maxmemory-policy"] == "noeviction"
    assert found["appendonly"] == "yes"
    assert found["role"] == "master"
    assert found["redis_version"][0].isdigit()
    assert not [name for name in found if "slave" in name]


def test_each_failure_has_its_error(redis_server: RedisServer) -> None:
    """No broker, a wrong password, and no answer differ; no error has the password."""
    with pytest.raises(NotFoundError, match="REDIS_URL"):
        read_redis_configuration({})
    url = redis_server.environment["REDIS_URL"]
    wrong = url.replace("redis://:", "redis://:another-")
    with pytest.raises(ForbiddenError) as caught:
        read_redis_configuration({"REDIS_URL": wrong})
    assert "another-" not in str(caught.value)
    with pytest.raises(UnreachableError):
        read_redis_configuration({"REDIS_URL": "redis://127.0.0.1:1/0"})
