"""Keeps dead letters in Redis while the store is unavailable; records them in the store later.

If Redis is unavailable as well, the task's message is not acknowledged either: it is delivered
again, and fails again.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from celery import Celery
from redis.exceptions import LockError, RedisError
from redis.lock import Lock
from sqlalchemy.exc import SQLAlchemyError

from securenet_obs.errors import SchemaError, StoreUnavailableError

KEY = "securenet:dead_letters:kept"
"""List of the dead letters that are not in the store yet, as JSON, the oldest first."""

LOCK_KEY = "securenet:dead_letters:lock"

UNAVAILABLE = (StoreUnavailableError, SchemaError)
"""Errors after which no other dead letter can be recorded either."""

MAX_PER_RUN = 500
"""Maximum number of kept letters that one run records."""

_LOCK_S = 60.0
_TIMES = ("first_at", "last_at")

_log = structlog.get_logger(__name__)


def keep_letter(app: Celery, values: dict[str, Any]) -> bool:
    """Keep the columns of a dead letter until `record_letters`; return False if Redis fails."""
    text = json.dumps({**values, **{name: values[name].isoformat() for name in _TIMES}})
    try:
        app.backend.client.rpush(KEY, text)
    except RedisError as error:
        _log.warning("dead_letter_not_kept", reason=type(error).__name__)
        return False
    return True


def record_letters(app: Celery, record: Callable[[dict[str, Any]], None]) -> int:
    """Record kept dead letters with a function, the oldest first; return their number.

    A letter that the function refuses stays, behind the others. One process at a time does this.

    Raises:
        StoreUnavailableError, SchemaError: the store cannot do it yet; the letters stay.
    """
    client = app.backend.client
    try:
        if not client.llen(KEY):
            return 0
        with Lock(client, LOCK_KEY, timeout=_LOCK_S, blocking=False):
            return _record(client, record)
    except LockError:
        return 0
    except RedisError as error:
        _log.warning("kept_dead_letters_unread", reason=type(error).__name__)
        return 0


def _record(client: Any, record: Callable[[dict[str, Any]], None]) -> int:
    recorded = 0
    for _ in range(min(client.llen(KEY), MAX_PER_RUN)):
        text = client.lindex(KEY, 0)
        if text is None:
            break
        values = json.loads(text)
        try:
            record({**values, **{name: datetime.fromisoformat(values[name]) for name in _TIMES}})
        except SQLAlchemyError as error:
            client.lmove(KEY, KEY, "LEFT", "RIGHT")
            _log.error("kept_dead_letter_refused", task=values["task"], reason=type(error).__name__)
        else:
            client.lpop(KEY)
            recorded += 1
    if recorded:
        _log.warning("kept_dead_letters_recorded", count=recorded)
    return recorded
