"""The records of a command and of its runs, folded from the events of the journal."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from securenet_obs.check_links import Link, read_links
from securenet_obs.runner.record.journal import Event


@dataclass(frozen=True)
class CheckRow:
    """A check as recorded in the journal."""

    name: str
    outcome: str
    expected: str = ""
    observed: str = ""
    reason: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class CellError:
    """The error that ended a cell."""

    cell: int | None
    name: str
    message: str

    @property
    def is_clean_exit(self) -> bool:
        """Whether the cell ended with `sys.exit()` or `sys.exit(0)`."""
        return self.name == "SystemExit" and self.message in ("", "0", "None")


@dataclass
class RunRecord:
    """The journal's record of one run.

    Attributes:
        times: time of the last event of each kind.
        check_times: start and end of each check; it starts with its cell, or as the previous check
            of that cell ends.
    """

    run: str
    started: Event
    cell: int | None = None
    finished: dict[int, Event] = field(default_factory=dict)
    error: CellError | None = None
    parameters_read: Event | None = None
    timeout: str = ""
    kernel_died: str = ""
    unwritable: str = ""
    interrupted: str = ""
    skipped: str = ""
    ended: bool = False
    fate: str = ""
    judged: Event | None = None
    compared_with_green: Event | None = None
    times: dict[str, str] = field(default_factory=dict)
    check_times: dict[str, tuple[str, str]] = field(default_factory=dict)
    _checks: dict[str, tuple[int, CheckRow]] = field(default_factory=dict)
    _check_start: str = ""

    @property
    def kind(self) -> str:
        """Kind of the notebook: validation, runbook or plain."""
        return str(self.started["kind"])

    @property
    def plain(self) -> bool:
        """Whether the notebook is a foreign one."""
        return self.kind == "plain"

    @property
    def declared(self) -> list[str]:
        """Names of the checks that the notebook declares."""
        return list(self.started["declared"])

    @property
    def compared(self) -> list[str]:
        """Names of the parameters to read back."""
        return list(self.started.get("compared", []))

    @property
    def checks(self) -> list[CheckRow]:
        """The checks in the order of their first judgement; a failed check stays failed."""
        return [row for _, row in self._checks.values()]

    @property
    def failing(self) -> list[CheckRow]:
        """The checks that failed, in the order of the cells that judged them."""
        failed = [(cell, row) for cell, row in self._checks.values() if row.outcome == "failed"]
        return [row for _, row in sorted(failed, key=lambda pair: pair[0])]

    def cell_of(self, check: str) -> int:
        """Return the cell in which a check was judged."""
        return self._checks[check][0]

    def take(self, event: Event) -> None:
        """Add one event of this run to the record."""
        reason = str(event.get("reason", ""))
        self._take_time(event)
        match event["event"]:
            case "cell_started":
                self.cell = event["cell"]
            case "cell_finished" | "cell_error":
                self.finished[event["cell"]] = event
            case "check":
                self._take_check(event)
            case "timeout" | "kernel_died" | "unwritable" | "interrupted" | "skipped" as what:
                setattr(self, what, getattr(self, what) or reason)
            case "ended":
                self.ended = True
            case "child_exited":
                self.fate = event["fate"]
            case "judged" | "parameters_read" as what:
                setattr(self, what, event)
            case "compared":
                self.compared_with_green = event
        if event["event"] in ("cell_error", "swallowed"):
            self._take_error(event)

    def _take_time(self, event: Event) -> None:
        at = self.times[event["event"]] = str(event.get("at", ""))
        if event["event"] == "check":
            self.check_times[str(event.get("name", ""))] = (self._check_start or at, at)
        if event["event"] in ("cell_started", "check"):
            self._check_start = at

    def _take_check(self, event: Event) -> None:
        names = ("name", "outcome", "expected", "observed", "reason")
        row = {name: str(event.get(name, "")) for name in names}
        _, before = self._checks.get(row["name"], (0, None))
        # A run executes each cell once: a second judgement would only hide the first.
        if before is None or before.outcome != "failed":
            self._checks[row["name"]] = (
                event["cell"],
                CheckRow(**row, links=read_links(event.get("links"))),
            )

    def _take_error(self, event: Event) -> None:
        """Record an error: a cell's own precedes a swallowed one, and any error a clean exit."""
        error = CellError(event["cell"], event["name"], event["message"])
        own = event["event"] == "cell_error" and not error.is_clean_exit
        if own or self.error is None or self.error.is_clean_exit:
            self.error = error


class CommandRecord:
    """The journal's record of a command.

    Attributes:
        opened: the event with the command's facts; empty until it is journalled.
        closed: whether the command's evidence was closed.
    """

    def __init__(self) -> None:
        self.opened: Event = {}
        self.closed = False
        self._runs: dict[str, RunRecord] = {}

    @property
    def runs(self) -> list[RunRecord]:
        """The runs in the order of their start."""
        return list(self._runs.values())

    def run(self, name: str) -> RunRecord:
        """Return a run that was started."""
        return self._runs[name]

    def fold(self, events: Iterable[Event]) -> Self:
        """Add events to the record, and return it.

        An event without the fields of its kind was not written by this project and is skipped.
        """
        for event in events:
            with suppress(KeyError, TypeError):
                self._take(event)
        return self

    def _take(self, event: Event) -> None:
        match event["event"]:
            case "opened":
                self.opened = self.opened or event
            case "closed":
                self.closed = True
            case "run_started":
                self._runs[event["run"]] = RunRecord(event["run"], event)
            case _ if event.get("run") in self._runs:
                self._runs[event["run"]].take(event)
