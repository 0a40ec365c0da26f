"""Calls validation workers: one command for each target, all at once, with one progress display."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from securenet_obs.distributed.caller.execution import (
    DistributedExecution,
    Fleet,
    UnstartedExecution,
)
from securenet_obs.distributed.connection import broker_url, connect, evidence_url
from securenet_obs.distributed.message import message_of
from securenet_obs.distributed.place import Place
from securenet_obs.distributed.presence import require_workers
from securenet_obs.distributed.schedule import look
from securenet_obs.errors import (
    EvidenceError,
    SecureNetObsError,
    SettingsError,
    UnreachableError,
)
from securenet_obs.runner.command import Command, Outcome, stop_on_signals
from securenet_obs.runner.evidence.closing import close_again
from securenet_obs.runner.evidence.folder import EvidenceFolder
from securenet_obs.runner.execution import Execution
from securenet_obs.runner.record.order import Order, Progress
from securenet_obs.runner.record.verdict import Judgement, Verdict, worst
from securenet_obs.runner.stop import Stop
from securenet_obs.runner.target import Target

MAX_JOBS = 500
"""Maximum number of runs of a command that are in the queue at a time."""


@dataclass(frozen=True)
class NamedProgress:
    """Listener for the runs of one of several targets: the target is a part of each name."""

    progress: Progress
    target: str

    def _named(self, run: str) -> str:
        return f"{self.target}: {run}"

    def started(self, run: str, cells: int) -> None:
        """Pass on the start of a run."""
        self.progress.started(self._named(run), cells)

    def waits(self, run: str, reason: str) -> None:
        """Pass on a run's wait."""
        self.progress.waits(self._named(run), reason)

    def cell(self, run: str, cell: int) -> None:
        """Pass on the start of a cell."""
        self.progress.cell(self._named(run), cell)

    def shown(self, run: str, text: str) -> None:
        """Pass on a text."""
        self.progress.shown(self._named(run), text)

    def finished(self, run: str, judgement: Judgement, seconds: float) -> None:
        """Pass on a judgement."""
        self.progress.finished(self._named(run), judgement, seconds)


@dataclass(frozen=True)
class Call:
    """A command that runs the same orders against each of some targets, in workers.

    Attributes:
        root: project of the notebooks.
        evidence: folder in which each target's evidence folder is made.
        progress: listener.
        retries: how often a run that did not pass is retried.
        resumes: the command that is resumed, if any.
    """

    root: Path
    evidence: Path
    progress: Progress
    retries: int = 0
    resumes: str = ""
    stop: Stop = field(default_factory=Stop)

    def run(self, targets: Sequence[Target], orders: Sequence[Order]) -> list[Outcome]:
        """Run the orders against each target; return an outcome for each.

        A target whose workers or shared place cannot be reached keeps no other of several from
        its verdict: each of its own runs has the error.

        Raises:
            EvidenceError: the evidence cannot be written; that of the shared place counts only
                with one target.
            ParametersError: a parameter holds a secret.
            SettingsError: a setting is missing, or several targets have one name.
            UnreachableError: with one target, no validation worker is alive, or the broker does
                not answer.
        """
        names = [Path(target.name).stem for target in targets]
        if len(set(names)) < len(names):
            raise SettingsError(f"Targets must have different names: {', '.join(names)}.")
        if len(targets) == 1:
            fleet = self._fleet(targets[0], orders)
            return [self._run(targets[0], fleet, self.progress, orders)]
        fleets = _mark_shared([self._fleet_or_error(target, orders) for target in targets])
        listeners = [NamedProgress(self.progress, name) for name in names]
        with stop_on_signals(self.stop), ThreadPoolExecutor(len(targets)) as pool:
            return list(
                pool.map(
                    lambda row: self._run_or_record(row[0], row[1], row[2], orders),
                    zip(targets, fleets, listeners, strict=True),
                )
            )

    def _fleet_or_error(self, target: Target, orders: Sequence[Order]) -> Fleet | SecureNetObsError:
        """Return the broker and the place for one of several targets, or why they are away.

        Raises:
            SecureNetObsError: as `_fleet`, with the target's name.
        """
        try:
            return self._fleet(target, orders)
        except (EvidenceError, UnreachableError) as error:
            return error
        except SecureNetObsError as error:
            raise type(error)(f"{target.name}: {error}") from error

    def _run_or_record(
        self,
        target: Target,
        fleet: Fleet | SecureNetObsError,
        progress: Progress,
        orders: Sequence[Order],
    ) -> Outcome:
        """Run against one of several targets, or record why its runs cannot start."""
        if isinstance(fleet, Fleet):
            return self._run(target, fleet, progress, orders)
        error = fleet

        def execution(folder: EvidenceFolder, _: Sequence[Order]) -> Execution:
            return UnstartedExecution(folder, target, progress, self.stop, error=error)

        command = self._command(target, progress, len(orders), execution)
        return replace(command, retries=0).run(orders)

    def _fleet(self, target: Target, orders: Sequence[Order]) -> Fleet:
        """Return the broker and the place for a target, after all that can be checked before."""
        broker = broker_url(target.environment)
        client, place = connect(broker), Place(evidence_url(target.environment))
        for order in orders:
            message_of(order, self.root, target, "", "", 0.0)
        require_workers(client)
        place.check()
        look(place, client, target.environment.get("VALIDATION_SCHEDULE", ""))
        return Fleet(broker, client, place, self.root)

    def _run(
        self, target: Target, fleet: Fleet, progress: Progress, orders: Sequence[Order]
    ) -> Outcome:
        made: list[DistributedExecution] = []

        def execution(folder: EvidenceFolder, orders: Sequence[Order]) -> Execution:
            try:
                made.append(
                    DistributedExecution(
                        folder,
                        target,
                        progress,
                        self.stop,
                        fleet=fleet,
                        orders=orders,
                        retries=self.retries,
                    )
                )
            except EvidenceError as error:
                return UnstartedExecution(folder, target, progress, self.stop, error=error)
            return made[0]

        outcome = self._command(target, progress, len(orders), execution).run(orders)
        if not made:
            return outcome
        try:
            made[0].publish(outcome.folder)
        except EvidenceError as error:
            # What the workers found is known, and reported; the evidence here is complete.
            runs, manifest = close_again(made[0].folder, error)
            verdict = worst([outcome.verdict, Verdict.ERROR])
            return Outcome(verdict, runs, manifest, outcome.folder, str(error))
        return outcome

    def _command(
        self,
        target: Target,
        progress: Progress,
        runs: int,
        execution: Callable[[EvidenceFolder, Sequence[Order]], Execution],
    ) -> Command:
        return Command(
            target,
            self.evidence,
            progress,
            min(MAX_JOBS, max(2, runs)),
            self.retries,
            resumes=self.resumes,
            stop=self.stop,
            execution=execution,
            is_latest=True,
        )


def _mark_shared(fleets: Sequence[Fleet | SecureNetObsError]) -> list[Fleet | SecureNetObsError]:
    """Mark the fleets that serve several of the targets."""
    targets = Counter(fleet.broker for fleet in fleets if isinstance(fleet, Fleet))
    return [
        replace(fleet, several=targets[fleet.broker] > 1) if isinstance(fleet, Fleet) else fleet
        for fleet in fleets
    ]
