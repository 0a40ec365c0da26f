"""Writes the first page of each alert that waits, while the look of another alert runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.dossiers.queue import list_waiting_alerts
from securenet_obs.oncall.dossiers.writer import Writer
from securenet_obs.oncall.glance import glance
from securenet_obs.redaction import redact_text
from securenet_obs.settings import Settings

INTERVAL_S = 1.0
"""Seconds between two searches for alerts without a page."""

_log = structlog.get_logger(__name__)


@contextmanager
def writing_first_pages(
    settings: Settings, writer: Writer, stop: threading.Event
) -> Iterator[None]:
    """Write first pages in a thread during the block, at the end of which `stop` is set."""

    def write() -> None:
        while not stop.wait(INTERVAL_S):
            try:
                write_first_pages(settings, writer)
            except (SecureNetObsError, OSError) as error:
                _log.warning("first_pages_not_written", reason=str(error))
            except Exception:  # noqa: BLE001 our own code: the look still writes the dossier
                _log.exception("first_pages_broken")

    thread = threading.Thread(target=write, name="first-pages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def write_first_pages(settings: Settings, writer: Writer) -> int:
    """Write a page for each waiting alert without one; return how many there were.

    A page that the look of its alert has written meanwhile stays as it is.

    Raises:
        StoreUnavailableError: the store cannot list the alerts now.
        OSError: a page cannot be written.
    """
    alerts = [alert for alert in list_waiting_alerts() if not writer.has_page(alert)]
    first_look = redact_text(glance(settings)) if alerts else ""
    for alert in alerts:
        writer.write(alert, writer.choose(alert), None, first_look, replaces=False)
    return len(alerts)
