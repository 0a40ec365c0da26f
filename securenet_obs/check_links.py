"""Links of a failed check: its runbook, the events in Sentry, the log lines of its time."""

import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Literal

from securenet_obs.errors import SettingsError
from securenet_obs.matching import find_matches, list_best, packaged_index
from securenet_obs.redaction import redact_text
from securenet_obs.settings import get_settings

Kind = Literal["runbook", "sentry", "logs"]
KINDS: tuple[Kind, ...] = ("runbook", "sentry", "logs")

MAX_LINKS = 3
"""Maximum number of links of one kind."""

_MAX_LENGTH = 1_000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Link:
    """One place to look at.

    Attributes:
        kind: a runbook, an event in Sentry, or log lines.
        text: the command that opens it, or its address.
    """

    kind: Kind
    text: str

    def __str__(self) -> str:
        """Return the link as one line."""
        return f"{self.kind}: {self.text}"


def find_links(
    check: str, details: str, *, since: datetime | None, events: Iterable[str] = ()
) -> tuple[Link, ...]:
    """Return the links of a failed check, the runbooks first.

    Args:
        check: name of the check; the runbooks that declare it come first.
        details: expected and observed value, which may have the text of an error.
        since: time from which log lines matter; None for no link to lines.
        events: addresses of events in Sentry.
    """
    runbooks = (Link("runbook", f"securenet-obs run {name}") for name in _runbooks(check, details))
    addresses = (Link("sentry", address) for address in events if _is_address(address))
    lines = () if since is None else _lines(since)
    return tuple(
        link for links in (runbooks, addresses, lines) for link in islice(links, MAX_LINKS)
    )


def _runbooks(check: str, details: str) -> Iterator[str]:
    index = packaged_index()
    if names := index.runbooks_of_check(check):
        yield from names
    else:
        yield from (match.entry.name for match in list_best(find_matches(index, details)))


def _lines(since: datetime) -> Iterator[Link]:
    """Yield the command for the lines from a time to now, if the target has log files."""
    source = ""
    with suppress(SettingsError):
        source = redact_text(get_settings().log_source)
    if source:
        period = f"--since {_format(since)} --until {_format(datetime.now(UTC) + _SECOND)}"
        command = f"securenet-obs logs find {shlex.quote(source)} {period} --level warning"
        yield Link("logs", command)


def _format(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_links(value: Any) -> tuple[Link, ...]:
    """Return the links in the data of a check; data that are not links are left out."""
    rows = value if isinstance(value, list | tuple) else ()
    links = (
        Link(row["kind"], str(row.get("text", ""))[:_MAX_LENGTH])
        for row in rows
        if isinstance(row, dict) and row.get("kind") in KINDS
        if row["kind"] != "sentry" or _is_address(str(row.get("text", "")))
    )
    return tuple(islice(links, MAX_LINKS * len(KINDS)))


def _is_address(text: str) -> bool:
    """Return whether a text is an address that a page may link: no script, for example."""
    return text.startswith(("http://", "https://"))
