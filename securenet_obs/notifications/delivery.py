"""Delivers a notification through apprise; no message and no log has a URL or a part of it."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from securenet_obs.errors import NotificationError

_LOGGER = "apprise"
_STATUS = re.compile(r"\berror=(\d{3})\b")
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]{0,20})://")

NOT_INSTALLED = (
    "NOTIFY_URLS is set, and nothing can be sent: install the extra with "
    "`pip install 'securenet-obs[notifications]'`."
)


@dataclass(frozen=True)
class Message:
    """A notification: its title, its text, and whether it reports a failure."""

    title: str
    text: str
    is_failure: bool


def deliver(urls: SecretStr, message: Message) -> list[str]:
    """Send a message to each address; return one sentence for each that did not take it.

    apprise waits four seconds for a connection and four for an answer.

    Args:
        urls: apprise's URLs, separated by white space.
        message: the notification.

    Raises:
        NotificationError: apprise is not installed, or no address took the message.
    """
    entries = urls.get_secret_value().split()
    problems = [
        f"NOTIFY_URLS: entry {number} ({_scheme(entry)}) {problem}"
        for number, entry in enumerate(entries, 1)
        if (problem := _send(entry, message))
    ]
    if entries and len(problems) == len(entries):
        raise NotificationError("; ".join(problems) + ". It is sent again with the next run.")
    return problems


def _scheme(url: str) -> str:
    found = _SCHEME.match(url.lower())
    return found[1] if found else "not a URL"


def _send(url: str, message: Message) -> str:
    """Send a message to one address; return why it was not taken, without the address.

    Raises:
        NotificationError: apprise is not installed.
    """
    try:
        import apprise
    except ImportError:
        raise NotificationError(NOT_INSTALLED) from None
    asset = apprise.AppriseAsset(app_id="securenet-obs", app_desc="SecureNet validations")
    sender = apprise.Apprise(asset=asset)
    with _quiet() as lines:
        if not sender.add(url):
            return "is not an address that apprise knows"
        kind = apprise.NotifyType.FAILURE if message.is_failure else apprise.NotifyType.SUCCESS
        try:
            sent = sender.notify(title=message.title, body=message.text, notify_type=kind)
        except Exception as error:  # noqa: BLE001
            # Each of its 130 services has code of its own; the error's text may hold the address.
            return f"raised {type(error).__name__}"
    return "" if sent else _describe_failure(lines)


def _describe_failure(lines: Sequence[str]) -> str:
    """Return the HTTP status in the log lines; their other text may hold parts of the address."""
    statuses = [found[1] for line in lines if (found := _STATUS.search(line))]
    return f"answered {statuses[-1]}" if statuses else "did not take the message"


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of this process, for its HTTP status alone."""
        self.lines.append(record.getMessage())


@contextmanager
def _quiet() -> Iterator[list[str]]:
    """Keep the log lines of apprise and its HTTP client from all handlers within the block."""
    handler = _Lines()
    loggers = [logging.getLogger(name) for name in (_LOGGER, "urllib3", "requests")]
    before = [(one.propagate, one.handlers, one.level) for one in loggers]
    for one in loggers:
        one.propagate, one.handlers = False, [handler]
    try:
        yield handler.lines
    finally:
        for one, (propagate, handlers, level) in zip(loggers, before, strict=True):
            one.propagate, one.handlers = propagate, handlers
            one.setLevel(level)
