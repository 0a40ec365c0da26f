"""Copies of a secret in the newest error events; an issue with one is deleted as a whole.

The events are read and searched here: a query with the secret would be in Sentry's own log.
"""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial

from securenet_obs.errors import ProbeError, SettingsError
from securenet_obs.oncall.copies.copy import Copy, Skipped
from securenet_obs.oncall.copies.spelled import Spelled
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.settings import Settings

_WHERE = "Sentry"


class SentryIssues:
    """The newest error events of a target's Sentry.

    Args:
        settings: those of the target.
        newest: maximum number of events that are searched.
        deadline_s: seconds in which they must be read.
    """

    def __init__(self, settings: Settings, newest: int, deadline_s: float) -> None:
        self._settings = settings
        self._newest = newest
        self._deadline_s = deadline_s

    def search(self, secrets: Spelled) -> Iterator[Copy | Skipped]:
        """Yield the copies of each secret in each issue."""
        counts: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], str] = {}
        read = 0
        try:
            for event in open_error_events(self._settings).read_newest(
                self._newest, self._deadline_s
            ):
                read += 1
                stored = json.dumps(event.payload, ensure_ascii=False)
                for match in secrets.find(stored.encode("utf-8", "surrogatepass")):
                    key = match.secret, event.issue_id
                    counts[key] += 1
                    first[key] = min(first.get(key, event.received), event.received)
        except (ProbeError, SettingsError) as error:
            yield Skipped(_WHERE, str(error))
        if read == self._newest:
            yield Skipped(_WHERE, f"of the events only the newest {read} are searched")
        yield Skipped(_WHERE, "of telemetry only error events are searched")
        for (secret, issue), count in counts.items():
            where = f"{_WHERE} issue {issue}"
            does = f"delete {where} with all of its events"
            purge = partial(self._delete, issue)
            yield Copy(secret, where, count, first[secret, issue], does, purge)

    def settle(self) -> None:
        """Do nothing: an issue is deleted when its purge returns."""

    def _delete(self, issue: str) -> None:
        open_error_events(self._settings).delete_issue(issue, self._deadline_s)
