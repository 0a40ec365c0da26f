"""API keys of tenants: creates, lists, revokes and looks them up (cached); stores hashes only."""

import re
import secrets
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from securenet_obs.errors import NotFoundError, SettingsError
from securenet_obs.processes.polling import Deadline
from securenet_obs.settings import TENANT_ID
from securenet_obs.store import (
    KEY_ID_LENGTH,
    REQUEST,
    ApiKey,
    ensure_tenant,
    session_at,
    session_scope,
)

KEY_PATTERN = r"snk_[A-Za-z0-9_-]{43}"
"""Pattern of a key; the redactor recognises keys by the same form."""

CACHE_S = 2.0
"""Seconds for which a process caches a valid key; a revoked key works no longer than that."""

_RANDOM_BYTES = 32
_MAX_CACHED = 4_096
_PAST = Deadline(0.0)

_KEY = re.compile(KEY_PATTERN)
_HASH_START = re.compile(r"[0-9a-f]{8,64}")


def create_key(session: Session, tenant_id: str, label: str = "") -> str:
    """Create a key for a tenant, registered first if it is new; the key cannot be shown again.

    Args:
        session: session of the store.
        tenant_id: owner of the key.
        label: purpose of the key, at most 100 characters.

    Raises:
        SettingsError: the tenant's id is invalid, or the label is too long.
    """
    if not re.fullmatch(TENANT_ID, tenant_id):
        raise SettingsError(
            f"{tenant_id!r} is not a valid tenant id: use up to 63 of a-z, 0-9, - and _, "
            "and start with a letter or a digit."
        )
    if len(label) > 100:
        raise SettingsError(f"The label has {len(label)} characters; at most 100 are allowed.")
    key = f"snk_{secrets.token_urlsafe(_RANDOM_BYTES)}"
    ensure_tenant(session, tenant_id)
    session.add(
        ApiKey(key_hash=_hash(key), tenant_id=tenant_id, label=label, created_at=datetime.now(UTC))
    )
    session.flush()
    return key


def list_keys(session: Session, tenant_id: str | None = None) -> Sequence[ApiKey]:
    """Return the keys of one tenant or of all, including revoked ones, oldest first."""
    query = select(ApiKey).order_by(ApiKey.created_at)
    return session.scalars(
        query if tenant_id is None else query.filter_by(tenant_id=tenant_id)
    ).all()


def revoke_key(session: Session, key_id: str) -> ApiKey:
    """Revoke the key with a hash that begins with `key_id`; a revoked key stays unchanged.

    Raises:
        NotFoundError: no key has this id, or several have.
    """
    found: Sequence[ApiKey] = []
    if _HASH_START.fullmatch(key_id):
        found = session.scalars(select(ApiKey).where(ApiKey.key_hash.startswith(key_id))).all()
    if len(found) != 1:
        raise NotFoundError(
            f"{len(found)} keys have the id {key_id[:64]!r}: give the first 8 or more characters "
            "of one key's hash, as the list of keys shows them."
        )
    found[0].revoked_at = found[0].revoked_at or datetime.now(UTC)
    return found[0]


def tenant_of_key(session: Session, key: str) -> str | None:
    """Return the tenant of a key; None if the key is unknown or revoked."""
    if not _KEY.fullmatch(key):
        return None
    found = session.get(ApiKey, _hash(key))
    return None if found is None or found.revoked_at is not None else found.tenant_id


def id_of_key(key: str) -> str | None:
    """Return the loggable id of a key; None for other text, since its hash could be guessed."""
    return _hash(key)[:KEY_ID_LENGTH] if _KEY.fullmatch(key) else None


def create_keys_in(url: str, tenants: Iterable[str], label: str) -> dict[str, str]:
    """Create a key for each tenant in the store at `url`; return the keys by tenant."""
    with session_at(url) as session:
        return {tenant_id: create_key(session, tenant_id, label) for tenant_id in tenants}


def replace_key_in(url: str, tenant_id: str, key: str) -> str:
    """Create another key for a tenant in the store at `url`, revoke the given one; return the new.

    Raises:
        NotFoundError: the store does not have the given key.
    """
    with session_at(url) as session:
        revoked = revoke_key(session, _hash(key))
        return create_key(session, tenant_id, revoked.label)


class KeyCache:
    """Resolves keys to tenants by this process's store; caches valid keys for `CACHE_S`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tenants: dict[str, tuple[str, Deadline]] = {}

    def get(self, key: str) -> str | None:
        """Return the tenant of a cached key, else None, without waiting."""
        tenant_id, deadline = self._tenants.get(_hash(key), (None, _PAST))
        return None if deadline.has_passed else tenant_id

    def look_up(self, key: str) -> str | None:
        """Look up a key in the store and return its tenant, None if it is unknown or revoked.

        Raises:
            StoreUnavailableError: the store did not answer.
        """
        deadline = Deadline.after(CACHE_S)
        with session_scope(REQUEST) as session:
            tenant_id = tenant_of_key(session, key)
        if tenant_id is not None:
            with self._lock:
                if len(self._tenants) >= _MAX_CACHED:
                    self._tenants.clear()
                self._tenants[_hash(key)] = (tenant_id, deadline)
        return tenant_id


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
