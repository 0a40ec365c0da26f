"""The runbook that a notebook holds: its opening, decisions, steps, verification and verdict."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securenet_obs.checks import Checks
from securenet_obs.errors import ActionError, EvidenceError, ProbeError, SecureNetObsError
from securenet_obs.oncall.actions.step import Action, Step
from securenet_obs.oncall.confirmation import Request, find_issued, issue, spend
from securenet_obs.oncall.decisions import Row, render_table
from securenet_obs.oncall.glance import glance
from securenet_obs.oncall.hand_over import Record, write_note
from securenet_obs.oncall.history import History, describe_last_action
from securenet_obs.oncall.identity import (
    clean_name,
    compute_cells_digest,
    describe_target,
    find_evidence_root,
    find_runbook,
    find_user,
    read_parameters,
)
from securenet_obs.oncall.locks import IncidentLock, create_lock
from securenet_obs.oncall.shown import Shown, show, show_rows
from securenet_obs.oncall.target_log import log_action
from securenet_obs.settings import Settings, get_settings

NO_OPEN_STEP = "no step is open"
"""The check of every runbook: each step that a row asks for was taken."""

_NOTHING_DONE = "nothing was done in this run"

_LOCK_REMEDY = (
    "agree with the person who acts; once the lock is released or has ended, run again with the "
    "same confirmation, or without one if it is older than 15 minutes by then"
)
_UNREADABLE_LOCK_REMEDY = (
    "let the place of the lock answer (`securenet-obs probe redis`, `securenet-obs probe store`); "
    "the confirmation is not spent"
)


@dataclass(frozen=True)
class Finding:
    """The result of a verification: whether it passed, expected and observed value."""

    passed: bool
    expected: str
    observed: str


class Runbook:
    """One run of a runbook, from a run or cell by cell.

    Args:
        name: name of the notebook.
        values: the notebook's global variables; read at each step, so a changed parameter counts.
        settings: those of the target.
        history: the journal; by default that of the evidence root.
        lock: the incident lock; by default that of the target, where the metadata place it.
    """

    def __init__(
        self,
        name: str,
        values: Mapping[str, Any],
        settings: Settings,
        history: History | None = None,
        lock: IncidentLock | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.checks = Checks()
        self._values = values
        self._notebook = find_runbook(name)
        self._history = history or History(find_evidence_root())
        self._lock = lock or create_lock(settings, self._notebook.declared.incident_lock)
        self._record = Record()

    @property
    def target(self) -> dict[str, str]:
        """The facts that identify the target."""
        return describe_target(self.settings)

    @property
    def who(self) -> str:
        """Name of the user: the parameter `i_am`, else user and host."""
        return self._given_name or find_user()

    @property
    def _given_name(self) -> str:
        return clean_name(str(self._values.get("i_am") or ""))

    def show_opening(self) -> None:
        """Show the target, the contacts, the incident lock, and the last action on this target."""
        target = self.target
        show_rows(
            [
                ("target", ", ".join(f"{name} {value}" for name, value in target.items())),
                ("call", self.settings.oncall_contacts or "ONCALL_CONTACTS names nobody"),
                ("acting", self._lock.describe()),
                ("last action", describe_last_action(self._history, target)),
            ]
        )

    def glance(self, *queues: str) -> None:
        """Show a first look, within seconds: workers, messages in flight, depths of some queues."""
        show_rows([("first look", glance(self.settings, queues))])

    def stop_when(self, condition: str, *, applies: bool, observed: str) -> None:
        """Show a stop condition with its value; once one applies, no step is taken.

        Args:
            condition: the condition, and the contact, in words.
            applies: whether it is met.
            observed: the value.
        """
        if applies:
            self._record.stops[condition] = observed
        else:
            self._record.stops.pop(condition, None)
        data = {"stops": [condition]} if applies else None
        show_rows([("STOP" if applies else "no stop", f"{condition}: {observed}")], data)

    def decide(self, rows: Sequence[Row]) -> None:
        """Show the decision table; the steps of the rows that apply are those of `act`.

        Steps of an earlier table of the same run are not open any more, unless this one has them.
        """
        self._record.rows = tuple(rows)
        steps = {row.step.does for row in rows if row.applies and row.step}
        self._record.open = {does: why for does, why in self._record.open.items() if does in steps}
        show(render_table(rows))

    def act(self, confirm: str = "") -> None:
        """Take the step of each row that applies: a dry run, or the confirmed action.

        Args:
            confirm: the digest that a dry run has printed; by default the parameter `confirm`.

        Without a journal that can be written, nothing is done.
        """
        given = confirm or str(self._values.get("confirm") or "")
        steps = [row.step for row in self._record.rows if row.applies and row.step]
        if not steps:
            show_rows([("nothing to do", "no row of the decision table applies")])
        for step in steps:
            if step.does not in self._record.done:
                self._take(step, given)

    def verify(self, check: str, read: Callable[[], Finding]) -> None:
        """Judge a check by values that are read now; skip it while nothing was done in this run.

        Args:
            check: the check, as declared in the metadata.
            read: reads the target anew and judges it.
        """
        if not self._record.done:
            self.checks.skip(check, reason=_NOTHING_DONE)
            return
        found = read()
        self.checks.record(check, found.passed, expected=found.expected, observed=found.observed)

    def hand_over(self) -> None:
        """Show the note for the next engineer, in Markdown."""
        # The section of open steps says the same, and this check is judged after the note.
        checks = [check for check in self.checks if check.name != NO_OPEN_STEP]
        note = write_note(self.name, self.target, self.who, self._record, checks)
        show(Shown(note, f"<pre>{html.escape(note)}</pre>"))

    def conclude(self) -> None:
        """Judge whether a step is open, show all checks; the last cell of a runbook calls this.

        The incident lock is released.

        Raises:
            ChecksFailedError: a step is open, or a verification failed.
        """
        self._release()
        left = self._record.list_open()
        self.checks.record(
            NO_OPEN_STEP,
            not left,
            expected="every step is taken that a row asks for",
            observed=f"open: {'; '.join(left)}" if left else "none is open",
            is_of_target=False,
        )
        if self._record.done:
            outcomes = {check.name: check.outcome for check in self.checks}
            self._journal("verified", runbook=self.name, target=self.target, checks=outcomes)
        self.checks.conclude()

    def _take(self, step: Step, given: str) -> None:
        if not isinstance(step, Action):
            reason = step.reason or "a person must take it"
            self._leave_open(step, reason, [("run", step.command)])
        elif self._record.stops:
            self._leave_open(step, "a stop condition applies", [])
        else:
            try:
                self._act_or_rehearse(step, given)
            except EvidenceError as error:
                self._leave_open(step, f"every step must be journalled: {error}", [])

    def _act_or_rehearse(self, step: Action, given: str) -> None:
        request = self._build_request(step)
        if not given or self._is_for_another_step(given, request):
            self._rehearse(step, request)
        elif refusal := self._find_refusal(request, given):
            reason, remedy = refusal
            self._leave_open(step, f"refused: {reason}", [("remedy", remedy)])
        else:
            self._execute(step, request)

    def _build_request(self, step: Action) -> Request:
        facts = {
            "notebook": {self.name: compute_cells_digest(self._notebook)},
            "parameters": read_parameters(self._notebook, self._values),
            "target": self.target,
            "action": {"name": step.name, "does": step.does, "command": step.command},
            "state": dict(step.read_state()),
        }
        return Request(self.name, step.name, step.does, facts, self.who)

    def _is_for_another_step(self, digest: str, request: Request) -> bool:
        """Return whether a digest was issued for another step of this decision table."""
        issued = find_issued(self._history, digest)
        others = {row.step.does for row in self._record.rows if row.applies and row.step} - {
            request.does
        }
        return issued is not None and issued["does"] in others

    def _find_refusal(self, request: Request, digest: str) -> tuple[str, str] | None:
        """Return why the action may not begin, and the remedy; None if it may."""
        if self.settings.environment == "production" and not self._given_name:
            reason = "ENVIRONMENT is production, which also requires --i-am NAME"
            return reason, "run again with --i-am NAME; the confirmation is not spent"
        if refusal := self._take_lock(request):
            reason = refusal[0]
            self._history.append("refused", reason=reason, digest=digest, **request.entry())
            return refusal
        reason = spend(self._history, request, digest)
        if reason and not self._record.done:
            self._release()
        return (reason, "run without confirm first") if reason else None

    def _take_lock(self, request: Request) -> tuple[str, str] | None:
        """Take the incident lock; return why it cannot be taken, and the remedy."""
        try:
            holder = self._lock.take(request.who, self.name, is_named=bool(self._given_name))
        except SecureNetObsError as error:
            return f"the incident lock cannot be taken: {error}", _UNREADABLE_LOCK_REMEDY
        return (holder, _LOCK_REMEDY) if holder else None

    def _journal(self, event: str, **fields: Any) -> None:
        """Journal a past event; the run goes on without the journal."""
        try:
            self._history.append(event, **fields)
        except EvidenceError as error:
            show_rows([("NOT JOURNALLED", f"{event}: {error}")])

    def _release(self) -> None:
        try:
            self._lock.release()
        except SecureNetObsError as error:
            show_rows([("incident lock", f"it was not released, and expires by itself: {error}")])

    def _rehearse(self, step: Action, request: Request) -> None:
        digest = issue(self._history, request)
        state = ", ".join(f"{name} {value}" for name, value in request.facts["state"].items())
        rows = [
            ("DRY RUN", "nothing was changed"),
            ("would", step.does),
            *([("command", step.command)] if step.command else []),
            ("state", state),
            ("undo", step.undo),
            ("to act", f"run again within 15 minutes, as before and with -p confirm={digest}"),
            ("or", f'in the same cell: runbook.act(confirm="{digest}")'),
        ]
        show_rows(rows, {"dry_run": {"action": step.name, "does": step.does, "confirm": digest}})
        self._record.open[step.does] = "not confirmed"

    def _leave_open(self, step: Step, why: str, rows: Sequence[tuple[str, str]]) -> None:
        show_rows(
            [("NOT DONE", step.does), ("because", why), *rows],
            {"open": {"does": step.does, "because": why}},
        )
        self._record.open[step.does] = why

    def _execute(self, step: Action, request: Request) -> None:
        """Run a confirmed action, with an entry in journal and target log before and after."""
        entry = request.entry()
        self._history.append("before", **entry)
        if reason := log_action(self.settings, "action_started", **entry):
            show_rows([("not logged", reason)])
        outcome, result = "failed", "it broke off"
        try:
            result = step.run()
            outcome = "done"
        except (ActionError, ProbeError) as error:
            result = str(error)
        finally:
            self._journal("after", **entry, outcome=outcome, result=result)
            log_action(self.settings, "action_ended", **entry, outcome=outcome, result=result)
        if outcome == "failed":
            self._leave_open(step, f"failed: {result}", [("undo", step.undo)])
            return
        self._record.open.pop(step.does, None)
        self._record.done[step.does] = result
        show_rows(
            [("DONE", step.does), ("result", result), ("undo", step.undo)],
            {"acted": {"action": step.name, "does": step.does, "result": result}},
        )


def open_runbook(name: str, values: Mapping[str, Any]) -> Runbook:
    """Return the runbook of a notebook, and show its opening.

    Args:
        name: name of the notebook.
        values: `globals()` of the notebook.

    Raises:
        NotebookError: the notebook's file cannot be found.
        SettingsError: the environment does not describe a target.
    """
    runbook = Runbook(name, values, get_settings())
    runbook.show_opening()
    return runbook
