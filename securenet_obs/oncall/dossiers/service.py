"""The service of on-call: takes stored alerts, looks at the target, and writes a dossier of each.

It reads the store alone: Celery, Redis and Sentry may all be down. While the store does not answer
it waits for it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.dossiers.first_pages import writing_first_pages
from securenet_obs.oncall.dossiers.listing import Dossier
from securenet_obs.oncall.dossiers.looks import Looker
from securenet_obs.oncall.dossiers.queue import WaitingAlert, finish_alert, take_alert
from securenet_obs.oncall.dossiers.writer import Writer
from securenet_obs.oncall.glance import glance
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.redaction import redact_text
from securenet_obs.runner.stop import Stop
from securenet_obs.settings import Settings
from securenet_obs.stack.parts.readiness import HEARTBEAT

INTERVAL_S = 1.0
"""Seconds between two searches for an alert."""

MAX_LOOKS = 2
"""Number of runbooks that are looked at for one alert, if they match equally."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """Writes dossiers of stored alerts.

    Args:
        settings: those of the target.
        folder: that of the dossiers.
        looker: runs the looks.
        stop: ends the service once it is set.
    """

    settings: Settings
    folder: Path
    looker: Looker
    stop: Stop

    def serve(self) -> None:
        """Serve until `stop` is set."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with writing_first_pages(self.settings, self._writer, self.stop):
            while not self.stop.is_set():
                if not self.serve_once():
                    self.stop.wait(INTERVAL_S)

    def serve_once(self) -> bool:
        """Take an alert and write its dossier; return whether there was one."""
        try:
            self._beat()
            alert = take_alert()
        except (SecureNetObsError, OSError) as error:
            _log.warning("alerts_not_read", reason=str(error))
            return False
        if alert is None:
            return False
        with _reporting(alert):
            state = "waiting"
            try:
                dossier = self.write(alert)
                # A look that the service's end broke off is repeated by the next process.
                state = "waiting" if self.stop.is_set() else "done"
                _log.info("dossier_written", dossier=dossier.name, outcome=dossier.outcome)
            finally:
                finish_alert(alert, state)
        return True

    def write(self, alert: WaitingAlert) -> Dossier:
        """Look at the target for an alert and write the dossier: first without the looks.

        Raises:
            OSError: the page cannot be written.
        """
        choice = self._writer.choose(alert)
        first_look = redact_text(glance(self.settings))
        if choice.runbooks:
            self._writer.write(alert, choice, None, first_look)
        looks = [self.looker.look(name, alert.facts) for name in choice.runbooks[:MAX_LOOKS]]
        return self._writer.write(alert, choice, looks, first_look)

    @property
    def _writer(self) -> Writer:
        return Writer(self.looker.root, self.folder)

    def _beat(self) -> None:
        beat = {"pid": os.getpid(), "at": datetime.now(UTC).timestamp()}
        replace_file(self.folder / HEARTBEAT, json.dumps(beat).encode(), mode=0o600, to_disk=False)


@contextmanager
def _reporting(alert: WaitingAlert) -> Iterator[None]:
    """Log an error of the block: the next alert must have its dossier."""
    try:
        yield
    except Exception:  # noqa: BLE001 a look, a page, a disk or our own code
        _log.exception("dossier_not_written", alert=alert.key[:8], title=alert.title)
