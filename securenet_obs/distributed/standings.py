"""Standings of notebooks in the validations' Redis, for all workers and callers.

They are not in the shared place: in a folder each worker has a user of its own, and may not replace
the files of another one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError

from securenet_obs.distributed.names import STANDINGS_KEY, STANDINGS_LOCK_KEY
from securenet_obs.errors import NotificationError
from securenet_obs.notifications import Standings, parse_standings

LOCK_S = 120.0
"""Seconds after which the lock of a process that was lost expires; a delivery takes less."""

LOCK_WAIT_S = 20.0


@contextmanager
def shared_standings(client: Any) -> Iterator[Standings]:
    """Yield the standings, locked against other processes, and save them.

    Raises:
        NotificationError: Redis does not take them, or another process holds them for too long.
    """
    try:
        with client.lock(STANDINGS_LOCK_KEY, timeout=LOCK_S, blocking_timeout=LOCK_WAIT_S):
            standings = parse_standings(client.get(STANDINGS_KEY) or "{}")
            yield standings
            client.set(STANDINGS_KEY, standings.as_text())
    except (RedisError, OSError) as error:
        raise NotificationError(
            f"The standings in the validations' Redis cannot be written: {type(error).__name__}; "
            "changes are notified with the next run."
        ) from error
