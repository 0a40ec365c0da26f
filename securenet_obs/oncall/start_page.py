"""The start page of on-call: state of the target, runbooks by symptom, dossiers, validations."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from securenet_obs.errors import EvidenceError, SecureNetObsError
from securenet_obs.oncall.dossiers.listing import list_dossiers
from securenet_obs.oncall.glance import glance
from securenet_obs.oncall.history import History, describe_last_action
from securenet_obs.oncall.identity import describe_target, find_evidence_root
from securenet_obs.oncall.locks import create_lock
from securenet_obs.oncall.proofs import RunbookProof, tabulate_proofs
from securenet_obs.oncall.shown import Link, show_rows, show_table
from securenet_obs.probes.http.api import ApiClient
from securenet_obs.runner.notebook.catalog import FOLDERS, Notebook, find_all
from securenet_obs.runner.notebook.roots import default_root
from securenet_obs.runner.record.latest import LatestRun, LatestRuns
from securenet_obs.settings import Settings, get_settings
from securenet_obs.stack.state import find_stack_of
from securenet_obs.workers.names import QUEUES

LOCK_PLACES = ("redis", "store")
"""The two places of incident locks: runbooks that repair Redis lock in the store."""


class StartPage:
    """The facts that on-call needs first; each method shows one part and only reads.

    Args:
        settings: those of the target.
        root: project folder with the runbooks.
        evidence: the evidence root.
    """

    def __init__(self, settings: Settings, root: Path, evidence: Path) -> None:
        self.settings = settings
        self._root = root
        self._evidence = evidence

    def show_target(self) -> None:
        """Show the target, the contacts, who is acting, and the last action on this target."""
        target = describe_target(self.settings)
        locks = [
            (f"acting ({place})", create_lock(self.settings, place).describe())
            for place in LOCK_PLACES
        ]
        show_rows(
            [
                ("target", ", ".join(f"{name} {value}" for name, value in target.items())),
                ("call", self.settings.oncall_contacts or "ONCALL_CONTACTS names nobody"),
                *locks,
                ("last action", describe_last_action(History(self._evidence), target)),
            ]
        )

    def glance(self) -> None:
        """Show a first look, within seconds: queues, messages in flight, workers, API."""
        show_rows([("first look", glance(self.settings, QUEUES)), ("API", self._describe_api())])

    def _describe_api(self) -> str:
        try:
            parts = ApiClient(self.settings).check_readiness()["parts"]
        except SecureNetObsError as error:
            return str(error)
        return ", ".join(f"{name} {state}" for name, state in parts.items())

    def show_runbooks(self) -> None:
        """Show every runbook with its symptoms, its severity and its last proof."""
        notebooks = {notebook.name: notebook for notebook in find_all(self._root)}
        proofs = tabulate_proofs(self._root, History(self._evidence))
        show_table(
            ("symptom", "runbook", "its alert", "last proof"),
            [_build_runbook_row(notebooks[proof.runbook], proof) for proof in proofs],
        )

    def show_dossiers(self, rows: int) -> None:
        """Show the newest dossiers: pages with the look of a runbook at an alert."""
        folder = Path(self.settings.dossiers_folder)
        found = list_dossiers(folder)[:rows]
        if not found:
            show_rows([("dossiers", "no dossiers yet")])
            return
        show_table(
            ("written", "alert", "runbook", "outcome", "dossier"),
            [
                (
                    f"{row.at[:16].replace('T', ' ')}Z",
                    row.alert,
                    " or ".join(row.runbooks) or "none",
                    row.outcome,
                    self._link(folder / f"{row.name}.html"),
                )
                for row in found
            ],
        )

    def show_validations(self, rows: int) -> None:
        """Show the latest run of each validation on any target, the newest first."""
        latest = sorted(self._read_runs(), key=lambda run: -run.started_at)
        if not latest:
            show_rows([("validations", "no run is on record here")])
            return
        show_table(
            ("started", "notebook", "verdict", "report"),
            [
                (
                    _format_time(run.started_at),
                    run.notebook,
                    run.verdict,
                    self._link(self._evidence / run.page) if run.page else "none",
                )
                for run in latest[:rows]
            ],
        )

    def _read_runs(self) -> list[LatestRun]:
        try:
            return LatestRuns(self._evidence).find()
        except OSError as error:
            raise EvidenceError(f"{self._evidence}: cannot be read: {error.strerror}.") from error

    def _link(self, path: Path) -> Link | str:
        """Return a link from a notebook to a file of the evidence, which stands beside them.

        JupyterLab serves no other file: of one elsewhere the path is returned.
        """
        if not path.resolve().is_relative_to(self._evidence.resolve()):
            return str(path)
        below = path.resolve().relative_to(self._evidence.resolve()).as_posix()
        return Link(below, f"../evidence/{below}")


def _build_runbook_row(notebook: Notebook, proof: RunbookProof) -> Sequence[str | Link]:
    declared = notebook.declared
    return (
        "; ".join(declared.symptoms) or notebook.title,
        Link(notebook.name, f"{notebook.name}.ipynb"),
        "pages" if declared.severity == "page" else "ticket",
        f"{proof.outcome} {proof.at[:16]}Z" if proof.at else "never",
    )


def _format_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%F %H:%M}Z"


def open_start_page() -> StartPage:
    """Return the start page of the target that this process's environment describes."""
    here = Path.cwd()
    root = here.parent if here.name in FOLDERS else default_root()
    return StartPage(get_settings(), root, find_evidence_root())


def show_dashboard(settings: Settings) -> None:
    """Show the address of the dashboard of errors, of a local stack with its login."""
    address = Link(settings.sentry_url, settings.sentry_url)
    rows: list[tuple[str, str | Link]] = [("dashboard", address)]
    if state := find_stack_of(os.environ):
        _, email, password = state.dashboard
        rows += [("login", email), ("password", password)]
    show_rows(rows)
