"""Names the state of Redis behind an error; logs it at most once a minute while Redis refuses."""

import re
import time

import structlog
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

LOG_INTERVAL_S = 60.0
"""Minimum seconds between two log lines of one process about Redis's state."""

# redis-py removes the code of these answers from their messages.
_CODES: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, "NOAUTH or WRONGPASS"),
    (BusyLoadingError, "LOADING"),
    (MasterDownError, "MASTERDOWN"),
    (ClusterDownError, "CLUSTERDOWN"),
    (NoPermissionError, "NOPERM"),
    (OutOfMemoryError, "OOM"),
    (ReadOnlyError, "READONLY"),
    (TryAgainError, "TRYAGAIN"),
)
_CODE = re.compile(r"[A-Z]{3,20}(?= )")
# The answer to a script contains the answer to its command.
_CODE_IN_SCRIPT = re.compile(r"(?<=-)[A-Z]{3,20}(?= )")
_MAX_CLIENTS = "max number of clients reached"

_log = structlog.get_logger(__name__)


def name_refusal(error: BaseException) -> str:
    """Return the code of Redis's answer, such as `READONLY`, or the class of another error.

    The rest of the message is left out: it may quote commands, keys and values.
    """
    cause = error.__cause__ if not isinstance(error, RedisError) else None
    original = cause if isinstance(cause, RedisError) else error
    for kind, code in _CODES:
        if isinstance(original, kind):
            return code
    text = str(original)
    if _MAX_CLIENTS in text:
        return "maxclients"
    if isinstance(original, ResponseError):
        found = _CODE_IN_SCRIPT.search(text) or _CODE.match(text)
        if found and found.group() != "ERR":
            return found.group()
    return type(original).__name__


class RefusalLog:
    """Logs that a process waits for Redis: at once, then once a minute; and that it goes on.

    Args:
        event: event of the log lines while Redis refuses.
        over: event of the line when Redis accepts again; only after a line of `event`.
    """

    def __init__(self, event: str, over: str) -> None:
        self._event = event
        self._over = over
        self._since: float | None = None
        self._logged_at: float | None = None
        self._is_logged = False

    def refuse(self, error: BaseException) -> None:
        """Log the state behind an error, unless the last line is less than a minute old."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if self._logged_at is not None and now < self._logged_at + LOG_INTERVAL_S:
            return
        self._logged_at, self._is_logged = now, True
        _log.warning(self._event, reason=name_refusal(error), for_s=round(now - self._since, 1))

    def accept(self) -> None:
        """Log that Redis accepts again, if a refusal was logged."""
        if self._since is not None and self._is_logged:
            _log.info(self._over, after_s=round(time.monotonic() - self._since, 1))
        self._since, self._is_logged = None, False
