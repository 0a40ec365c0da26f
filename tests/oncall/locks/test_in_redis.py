"""The lock in a real Redis: one of several processes gets it, and Redis expires it."""

import redis

from securenet_obs.oncall.locks.holder import EXPIRY_S
from securenet_obs.oncall.locks.in_redis import KEY, RedisPlace
from securenet_obs.settings import Settings
from tests.oncall.locks.conftest import holder_named, take_at_once
from tests.waiting import eventually


def test_one_of_several_processes_gets_it(redis_settings: Settings) -> None:
    """All others are told so, and the holder is one of them."""
    place = RedisPlace(redis_settings)
    assert place.read() is None
    assert take_at_once(lambda: place.replace(None, holder_named("Ann"))) == [False] * 3 + [True]
    assert place.read() is not None


def test_it_is_exchanged_and_released_by_its_holder_alone(redis_settings: Settings) -> None:
    """A key that expires after the documented time."""
    place = RedisPlace(redis_settings)
    ann, ben = holder_named("Ann"), holder_named("Ben")
    assert place.replace(None, ann)
    assert not place.replace(ben, None)
    assert place.replace(ann, ben)
    assert place.read() == ben
    with redis.Redis.from_url(redis_settings.redis_url.get_secret_value()) as client:
        ttl = client.ttl(KEY)
        assert isinstance(ttl, int)
        assert EXPIRY_S - 30 < ttl <= EXPIRY_S
        client.pexpire(KEY, 1)
    eventually(lambda: place.read() is None)
    assert place.replace(None, ann)
    assert place.replace(ann, None)
    assert place.read() is None


def test_an_exchange_at_the_same_moment_is_refused(
    redis_settings: Settings,
) -> None:
    """Redis notices the change between the look at the key and the exchange."""
    place = RedisPlace(redis_settings)
    ann = holder_named("Ann")
    assert place.replace(None, ann)
    taken = take_at_once(lambda: place.replace(ann, holder_named("Ben")))
    assert taken == [False] * 3 + [True]
