"""API keys of tenants."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select

from securenet_obs.api import api_keys
from securenet_obs.api.api_keys import (
    KEY_PATTERN,
    ApiKey,
    KeyCache,
    create_key,
    create_keys_in,
    id_of_key,
    list_keys,
    replace_key_in,
    revoke_key,
    tenant_of_key,
)
from securenet_obs.errors import NotFoundError, SettingsError, UnreachableError
from securenet_obs.settings import get_settings
from securenet_obs.store import Table, Tenant, close_engines, discard_engines, session_scope
from tests.stores import create_sqlite, unavailable

pytestmark = pytest.mark.usefixtures("empty_store")


@pytest.fixture
def key(empty_store: str) -> str:
    """Return acme's key."""
    with session_scope() as session:
        return create_key(session, "acme", "the collector")


def test_a_key_is_stored_as_a_hash_only(key: str) -> None:
    """The store's tables have only its SHA-256, and its tenant is registered."""
    assert re.fullmatch(KEY_PATTERN, key)
    with session_scope() as session:
        tables = Table.metadata.sorted_tables
        stored = str([session.execute(select(table)).all() for table in tables])
        assert id_of_key(key) in stored
        assert key not in stored
        assert key[4:24] not in stored
        (row,) = list_keys(session)
        assert (row.tenant_id, row.label, row.revoked_at) == ("acme", "the collector", None)
        assert row.key_id == id_of_key(key) == row.key_hash[:8]
        assert session.get(Tenant, "acme")


def test_a_key_resolves_to_its_tenant(key: str) -> None:
    """A tenant may have two keys; other text resolves to None."""
    with session_scope() as session:
        second = create_key(session, "acme")
        other = create_key(session, "other")
        assert [tenant_of_key(session, known) for known in (key, second, other)] == [
            *["acme", "acme"],
            "other",
        ]
        for candidate in ("", key[:-1], key + "x", key.swapcase(), f" {key}", "snk_" + "A" * 43):
            assert tenant_of_key(session, candidate) is None


def test_a_revoked_key_resolves_to_none(key: str) -> None:
    """It stays in the list with the time of its revocation; other keys stay valid."""
    with session_scope() as session:
        second = create_key(session, "acme")
        revoked = revoke_key(session, str(id_of_key(key)))
        moment = revoked.revoked_at
        assert revoke_key(session, revoked.key_hash).revoked_at == moment is not None
    with session_scope() as session:
        assert tenant_of_key(session, key) is None
        assert tenant_of_key(session, second) == "acme"
        assert [row.revoked_at is None for row in list_keys(session, "acme")] == [False, True]
        assert list_keys(session, "other") == []


@pytest.mark.parametrize("key_id", ["", "0", "%", "________", "00000000", "x" * 500])
def test_an_unknown_id_revokes_nothing(key: str, key_id: str) -> None:
    """A wildcard, a short prefix and other text are refused with a short message."""
    with session_scope() as session, pytest.raises(NotFoundError, match="0 keys") as raised:
        revoke_key(session, key_id)
    assert len(str(raised.value)) < 250


def test_an_ambiguous_id_revokes_nothing() -> None:
    """If two hashes have the prefix, the message requests more characters."""
    with session_scope() as session:
        create_key(session, "acme")
        (row,) = list_keys(session)
        twin = row.key_hash[:8] + "0" * 56
        session.add(ApiKey(key_hash=twin, tenant_id="acme", label="", created_at=row.created_at))
        session.flush()
        with pytest.raises(NotFoundError, match="2 keys"):
            revoke_key(session, row.key_id)
        assert revoke_key(session, twin).label == ""


@pytest.mark.parametrize("tenant_id", ["Acme", "", "../x", "a" * 64, "acme\n"])
def test_an_invalid_tenant_id_gets_no_key(tenant_id: str) -> None:
    """The message describes a valid tenant id."""
    with session_scope() as session, pytest.raises(SettingsError, match="a-z, 0-9"):
        create_key(session, tenant_id)


def test_a_long_label_is_refused() -> None:
    """A store that enforces lengths would refuse it later, with a worse message."""
    with session_scope() as session, pytest.raises(SettingsError, match="at most 100"):
        create_key(session, "acme", "x" * 101)


def test_keys_can_be_created_concurrently(tmp_path: Path) -> None:
    """Processes that open a new store at once all create their keys."""
    url, together = create_sqlite(tmp_path / "new.sqlite3"), Barrier(8)

    def make(number: int) -> dict[str, str]:
        together.wait()
        return create_keys_in(url, [f"tenant-{number}"], "test")

    with ThreadPoolExecutor(8) as threads:
        created = list(threads.map(make, range(8)))
    assert [list(keys) for keys in created] == [[f"tenant-{number}"] for number in range(8)]


def test_keys_can_be_created_in_another_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local stack creates keys in its store before its services open it."""
    url = create_sqlite(tmp_path / "other.sqlite3")
    created = create_keys_in(url, ("tenant-a", "tenant-b"), "test")
    with session_scope() as session:
        assert list_keys(session) == []
    from securenet_obs.settings import get_settings

    monkeypatch.setenv("DATABASE_URL", url)
    get_settings.cache_clear()
    discard_engines()
    with session_scope() as session:
        assert {tenant_of_key(session, key): key for key in created.values()} == created


def test_a_lookup_is_cached_for_a_moment(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A valid key is cached; a revoked one is refused after that time."""
    monkeypatch.setattr(api_keys, "CACHE_S", 60.0)
    known, now = KeyCache(), time.monotonic
    assert known.get(key) is None
    assert known.look_up(key) == known.get(key) == "acme"
    with session_scope() as session:
        revoke_key(session, str(id_of_key(key)))
    assert known.get(key) == "acme"
    monkeypatch.setattr(time, "monotonic", lambda: now() + 60)
    assert known.get(key) is None
    assert known.look_up(key) is None
    assert known.get(key) is None


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process caches a few thousand keys at most."""
    monkeypatch.setattr(api_keys, "_MAX_CACHED", 3)
    known = KeyCache()
    with session_scope() as session:
        keys = [create_key(session, "acme") for _ in range(7)]
    assert {known.look_up(key) for key in keys} == {"acme"}
    assert sum(known.get(key) is not None for key in keys) == 1


def test_an_unavailable_store_is_an_unreachable_error(
    key: str, empty_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed lookup differs from a valid and from an invalid key."""
    monkeypatch.setenv("DATABASE_URL", unavailable(empty_store))
    get_settings.cache_clear()
    close_engines()
    with pytest.raises(UnreachableError, match="store"):
        KeyCache().look_up(key)


def test_other_text_than_a_key_has_no_id() -> None:
    """The hash of a password that was sent by mistake is not logged: it could be guessed."""
    assert id_of_key("hunter2") is None


def test_a_replaced_key_is_revoked(empty_store: str, key: str) -> None:
    """The new one has its label; an unknown key creates none."""
    new = replace_key_in(empty_store, "acme", key)
    with pytest.raises(NotFoundError):
        replace_key_in(empty_store, "acme", f"snk_{'x' * 43}")
    with session_scope() as session:
        assert [tenant_of_key(session, each) for each in (key, new)] == [None, "acme"]
        assert [row.label for row in list_keys(session)] == ["the collector"] * 2
