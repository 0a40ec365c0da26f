"""Finds in the logs the processes that lose error events, since each was started last."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from securenet_obs.probes.logs.newest import Record, read_newest_lines

_ALL = 1_000_000
_STARTED = re.compile(r"^Started server process|ready\.$|^beat: Starting")
_LOST, _DISABLED = "sentry_events_lost", "sentry_disabled"
_REACHED_AGAIN = "sentry_reached_again"

# Another accepted event shows neither that a hook is mended nor that a quota has room again.
_LASTING = ("unscrubbed", "rate_limited", "ratelimit_backoff")


@dataclass
class Losses:
    """The error events that a service has lost since its last start.

    Args:
        service: name of the service.
        release: release of its last line.
        is_disabled: whether it has started without a DSN.
        lost: category and reason, such as `error: network_error` -> number of events.
        over: number of events lost before the process reached Sentry again.
        last: time of the last loss, as in the line; empty for none.
    """

    service: str
    release: str = ""
    is_disabled: bool = False
    lost: Counter[str] = field(default_factory=Counter)
    over: int = 0
    last: str = ""

    def end_outage(self) -> None:
        """Count the losses on the way to Sentry as over."""
        lasting = {name: n for name, n in self.lost.items() if _reason(name) in _LASTING}
        self.over += self.lost.total() - sum(lasting.values())
        self.lost = Counter(lasting)

    @property
    def reasons(self) -> str:
        """The reasons, without counts; empty for none."""
        reasons = sorted({_reason(name) for name in self.lost})
        return ", ".join(["SENTRY_DSN is empty"] * self.is_disabled + reasons)

    def has_other(self, *reasons: str) -> bool:
        """Return whether events were lost for another reason than these."""
        return any(_reason(name) not in reasons for name in self.lost)

    def has(self, *reasons: str) -> bool:
        """Return whether events were lost for one of these reasons."""
        return any(_reason(name) in reasons for name in self.lost)


def read_losses(source: str, recent_s: float) -> list[Losses]:
    """Return the losses of each service that the newest lines of the logs name.

    Args:
        source: a file, a folder or a glob.
        recent_s: age in seconds above which a loss is left out: an outage may be over.

    Raises:
        SettingsError: no source was given.
        NotFoundError: the source does not exist, or holds no log file.
    """
    by_service: dict[str, list[Record]] = {}
    for log in read_newest_lines(source, _ALL):
        for row in log.records:
            if row is not None and isinstance(row.get("service"), str):
                by_service.setdefault(row["service"], []).append(row)
    since = datetime.now(UTC) - timedelta(seconds=recent_s)
    return [_sum_up(service, rows, since) for service, rows in sorted(by_service.items())]


def _sum_up(service: str, rows: Sequence[Record], since: datetime) -> Losses:
    """Sum the losses after the last start; a process without a DSN logs that before its start."""
    starts = [index for index, row in enumerate(rows) if _STARTED.search(str(row.get("event")))]
    last, before = ([-1, -1, *starts][-1], [-1, -1, *starts][-2])
    found = Losses(service, str(rows[-1].get("release") or "unknown"))
    found.is_disabled = any(row.get("event") == _DISABLED for row in rows[before + 1 :])
    for row in rows[last + 1 :]:
        if row.get("event") == _LOST and _is_since(row, since):
            found.lost.update(_counts(row.get("lost")))
            found.last = str(row.get("timestamp"))
        elif row.get("event") == _REACHED_AGAIN:
            found.end_outage()
    return found


def _reason(name: str) -> str:
    """Return the reason in `category: reason`."""
    return name.rpartition(": ")[2]


def _is_since(row: Record, since: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(row.get("timestamp"))) >= since
    except (ValueError, TypeError):
        return False


def _counts(lost: Any) -> dict[str, int]:
    pairs = lost.items() if isinstance(lost, dict) else ()
    return {str(name): count for name, count in pairs if isinstance(count, int)}
