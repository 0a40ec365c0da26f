"""`Holder` of an incident lock: user, runbook, process, since when."""

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from securenet_obs.processes.groups import read_start_time

EXPIRY_S = 900
"""Seconds after which a lock that was not released expires, by the clock of its place."""


@dataclass(frozen=True)
class Holder:
    """The holder of an incident lock.

    Args:
        who: name of the user.
        runbook: name of the runbook.
        since: time at which it was taken, ISO 8601 in UTC.
        host: host of the run.
        pid: process of the run.
        started: start time of the process, for comparison only.
        token: identifies the run.
    """

    who: str
    runbook: str
    since: str
    host: str
    pid: int
    started: str
    token: str

    @classmethod
    def here(cls, who: str, runbook: str) -> Self:
        """Return this process as a holder from now on."""
        pid = os.getpid()
        since = f"{datetime.now(UTC):%FT%T}Z"
        started = read_start_time(pid) or ""
        return cls(who, runbook, since, socket.gethostname(), pid, started, secrets.token_hex(8))

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Return a holder from its text; text of anything else is an unknown user."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return cls("an unknown user", "unknown", "an unknown time", "", 0, "", "")

    def to_text(self) -> str:
        """Return the holder as text for `parse`."""
        return json.dumps(asdict(self))

    def describe(self) -> str:
        """Return the holder in words."""
        return f"{self.who} acts since {self.since} ({self.runbook})"

    @property
    def ends_at(self) -> str:
        """Time at which the lock expires unless it is released, ISO 8601 in UTC."""
        try:
            since = datetime.fromisoformat(self.since)
        except ValueError:
            return "an unknown time"
        return f"{since + timedelta(seconds=EXPIRY_S):%FT%T}Z"

    def is_here(self) -> bool:
        """Return whether it is this process, such as a kernel that runs a notebook again."""
        return (self.host, self.pid) == (socket.gethostname(), os.getpid()) and (
            self.started == (read_start_time(self.pid) or "")
        )

    def has_ended(self) -> bool:
        """Return whether the process of the run is known to have ended: it was one of this host."""
        here = self.host == socket.gethostname()
        return here and bool(self.started) and read_start_time(self.pid) != self.started
