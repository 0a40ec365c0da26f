"""Writes the dossier of an alert: first without the looks of its runbooks, then with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from securenet_obs.errors import NotebookError
from securenet_obs.matching import Index, packaged_index
from securenet_obs.oncall.dossiers.choice import Choice, choose
from securenet_obs.oncall.dossiers.listing import Dossier, has_page, write_page
from securenet_obs.oncall.dossiers.looks import Look
from securenet_obs.oncall.dossiers.page import describe_outcome, render_page
from securenet_obs.oncall.dossiers.queue import WaitingAlert
from securenet_obs.oncall.runbook_index import build_index

_LIST = "securenet-obs runbooks list"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Writer:
    """Writes dossiers.

    Args:
        root: project folder with the runbooks.
        folder: that of the dossiers.
    """

    root: Path
    folder: Path

    def choose(self, alert: WaitingAlert) -> Choice:
        """Return the runbooks of an alert."""
        return choose(self._read_index(), alert)

    def has_page(self, alert: WaitingAlert) -> bool:
        """Return whether an alert has a dossier, also one without its looks."""
        return has_page(self.folder, _name(alert))

    def write(
        self,
        alert: WaitingAlert,
        choice: Choice,
        looks: Sequence[Look] | None,
        first_look: str,
        *,
        replaces: bool = True,
    ) -> Dossier:
        """Write the dossier of an alert.

        Args:
            alert: the alert.
            choice: its runbooks.
            looks: their looks; None until these have ended.
            first_look: the first look at the target, in words.
            replaces: whether an earlier page is replaced; otherwise it stays as it is.

        Raises:
            OSError: the page cannot be written.
        """
        now = datetime.now(UTC)
        found = [look for look in looks or () if look.applying] or looks
        known = [f"securenet-obs run {name}" for name in choice.runbooks]
        dossier = Dossier(
            name=_name(alert),
            at=f"{now:%FT%T.%f}Z",
            alert=alert.title,
            source=alert.source,
            runbooks=choice.runbooks,
            outcome=describe_outcome(choice, looks),
            next_command=found[0].next_command if found else [*known, _LIST][0],
            seconds=round((now - alert.opened_at).total_seconds(), 1),
        )
        body = render_page(alert, choice, looks, first_look, dossier.next_command)
        write_page(self.folder, dossier, body, replaces=replaces)
        return dossier

    def _read_index(self) -> Index:
        """Return the index of the root's runbooks; the packaged one if a notebook is broken."""
        try:
            return build_index(self.root)
        except NotebookError as error:
            _log.warning("runbooks_not_read", reason=str(error))
            return packaged_index()


def _name(alert: WaitingAlert) -> str:
    """Return the name of an alert's page, which a repetition after a crash replaces."""
    return f"{alert.opened_at:%Y%m%dT%H%M%SZ}-{alert.key[:8]}"
