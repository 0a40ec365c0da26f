"""Keeps results that Redis refused in the process that ran the task, and stores them later.

Buys: a result that was due while Redis refused writes is there within 5 s after that state has
passed; before, its sender waited for ever.
Without it: a full memory or a failover loses the results, though not the effects, of its tasks.
Can go when Celery's backend keeps the results that it could not store.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from redis.exceptions import RedisError

from securenet_obs.workers.refusals import RefusalLog, name_refusal

MAX_KEPT = 1_000
"""Maximum number of results that a process keeps; of more, the oldest are lost."""

RETRY_S = 2.0
"""Seconds between two attempts."""

_log = structlog.get_logger(__name__)


class UnstoredResults:
    """Results that wait to be stored; a thread tries again for as long as there are any.

    Args:
        store: stores a result, given its arguments; raises RedisError or OSError.
    """

    def __init__(self, store: Callable[..., object]) -> None:
        self._store = store
        self._kept: deque[tuple[Any, ...]] = deque()
        self._lock = threading.Lock()
        self._is_trying = False
        self._refusals = RefusalLog("results_delayed", "results_stored")

    def keep(self, arguments: tuple[Any, ...], error: BaseException) -> None:
        """Keep a result that was not stored because of an error."""
        self._refusals.refuse(error)
        with self._lock:
            self._kept.append(arguments)
            if len(self._kept) > MAX_KEPT:
                self._kept.popleft()
                _log.warning("result_not_stored", reason=name_refusal(error), kept=MAX_KEPT)
            starts, self._is_trying = not self._is_trying, True
        if starts:
            threading.Thread(target=self._try_regularly, name="results", daemon=True).start()

    def store_all(self) -> bool:
        """Store the kept results; return whether none is left."""
        while self._kept:
            arguments = self._kept[0]
            try:
                self._store(*arguments)
            except (RedisError, OSError) as error:
                self._refusals.refuse(error)
                return False
            with self._lock:
                if self._kept and self._kept[0] is arguments:
                    self._kept.popleft()
        self._refusals.accept()
        return True

    def give_up(self) -> None:
        """Store the kept results, for the last time, as the process ends; log how many are lost."""
        if self._kept and not self.store_all():
            _log.warning("results_lost", count=len(self._kept))

    def _try_regularly(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(RETRY_S)
            is_done = self.store_all()
            with self._lock:
                if is_done and not self._kept:
                    self._is_trying = False
                    return
