"""The lock in a real store, of both kinds: one of several processes gets it, and it expires."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from securenet_obs.errors import StoreUnavailableError
from securenet_obs.oncall.locks.in_store import StorePlace
from securenet_obs.settings import Settings
from securenet_obs.store import IncidentLockRow, session_at
from tests.oncall.locks.conftest import holder_named, take_at_once


@pytest.fixture
def place(store_url: str) -> StorePlace:
    """Return the lock of an empty store."""
    return StorePlace(Settings(database_url=store_url))


def test_one_of_several_processes_gets_it(place: StorePlace) -> None:
    """All others are told so, and the holder is one of them."""
    assert place.read() is None
    assert take_at_once(lambda: place.replace(None, holder_named("Ann"))) == [False] * 3 + [True]
    assert place.read() is not None


def test_it_is_exchanged_and_released_by_its_holder_alone(
    place: StorePlace, store_url: str
) -> None:
    """A row that expired is free for anybody."""
    ann, ben = holder_named("Ann"), holder_named("Ben")
    assert place.replace(None, ann)
    assert not place.replace(None, ben)
    assert not place.replace(ben, None)
    assert place.replace(ann, ben)
    assert place.read() == ben
    with session_at(store_url) as session:
        session.execute(update(IncidentLockRow).values(expires_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert place.read() is None
    assert place.replace(None, ann)
    assert place.replace(ann, None)
    assert place.read() is None


def test_a_file_that_does_not_exist_is_not_created(tmp_path: object) -> None:
    """The store of the target is not on this host."""
    path = f"{tmp_path}/none.sqlite3"
    place = StorePlace(Settings(database_url=f"sqlite:///{path}"))
    with pytest.raises(StoreUnavailableError, match="its file does not exist"):
        place.read()
    with pytest.raises(StoreUnavailableError):
        place.replace(None, holder_named("Ann"))
