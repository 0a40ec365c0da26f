"""Runs validations and drills on stacks with old and new services, and finds new failures."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from securenet_obs.drills.report import list_remarks
from securenet_obs.drills.running import TASKS, Report, ValidationRunner, run_drill
from securenet_obs.drills.upgrades.overlay import Overlay
from securenet_obs.drills.upgrades.plain_worker import try_plain_worker
from securenet_obs.errors import StackError
from securenet_obs.processes.scratch import scratch_folder
from securenet_obs.stack.local_stack import LocalStack, StoreKind

REHEARSED_DRILLS = ("redis-restarted", "redis-connections-killed", "worker-terminated")
"""Drills of a rehearsal unless others are named: what a deployment itself does to a worker."""


PLAIN_WORKER = "a plain worker, redis-restarted"
"""Trial of a worker without our corrections: the upgrade may need one, or make one needless."""


@dataclass(frozen=True)
class Combination:
    """Services that have the new packages; the others have today's."""

    name: str
    new: tuple[str, ...]


COMBINATIONS = (
    Combination("today", ()),
    Combination("new workers", ("worker",)),
    Combination("new producers", ("api", "beat")),
    Combination("all new", ("worker", "api", "beat")),
)
"""The first is what the others are compared with."""

_TODAY = COMBINATIONS[0].name

PLAIN_WORKER_TRIED = ((), ("worker",))
"""The new services of the combinations with which `PLAIN_WORKER` is tried."""


@dataclass(frozen=True)
class Trial:
    """One validation or drill on one combination.

    Args:
        combination: name of the combination.
        subject: `validation NAME`, `drill NAME`, `start` for the stack itself, or `PLAIN_WORKER`.
        verdict: its verdict; `passed` is the only good one.
        remark: failed checks, lost tasks or the error; empty for none.
    """

    combination: str
    subject: str
    verdict: str
    remark: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """Trials of an upgrade.

    Args:
        moved: package -> version today (empty for none), and version of the upgrade.
        trials: in the order of their execution.
    """

    moved: Mapping[str, tuple[str, str]]
    trials: tuple[Trial, ...]

    @property
    def broken(self) -> list[Trial]:
        """Trials that do not pass although they pass today, or are not tried today."""
        unjudged = {trial.subject for trial in self.unjudged}
        return [
            trial
            for trial in self.trials
            if trial.combination != _TODAY
            and trial.verdict not in ("passed", "skipped")
            and trial.subject not in unjudged
        ]

    @property
    def unjudged(self) -> list[Trial]:
        """Trials that do not pass today: they say nothing about the upgrade."""
        return [
            trial
            for trial in self.trials
            if trial.combination == _TODAY and trial.verdict != "passed"
        ]


@dataclass(frozen=True)
class Rehearsing:
    """Validations and drills, to run on each combination of old and new services.

    Args:
        overlay: the new packages.
        validations: names of notebooks; they run without parameters.
        run_validation: runs a validation against a target.
        root: folder of all local state.
        cache: folder of the shared Bugsink installation, `root` by default.
        drills: names of drills.
        store: database of the stacks.
        tasks: tasks in flight when a drill's fault is injected.
        report: receives the progress.
    """

    overlay: Overlay
    validations: Sequence[str]
    run_validation: ValidationRunner
    root: Path
    cache: Path | None = None
    drills: Sequence[str] = REHEARSED_DRILLS
    store: StoreKind = "sqlite"
    tasks: int = TASKS
    report: Report = lambda _sentence: None

    def run(self, combinations: Sequence[Combination] = COMBINATIONS) -> Rehearsal:
        """Run every validation and drill on each combination; today's comes first.

        Raises:
            StackError: the stack does not start today, so nothing can be judged.
        """
        trials: list[Trial] = []
        for combination in combinations:
            for trial in self._try(combination):
                remark = f": {trial.remark}" if trial.remark else ""
                self.report(f"{trial.combination}: {trial.subject} {trial.verdict}{remark}")
                trials.append(trial)
        return Rehearsal(self.overlay.moved, tuple(trials))

    def _try(self, combination: Combination) -> Iterator[Trial]:
        pythons = dict.fromkeys(combination.new, self.overlay.python)
        if combination.new in PLAIN_WORKER_TRIED:
            yield self._try_plain_worker(combination.name, pythons)
        yield from self._try_validations(combination.name, pythons)
        for name in self.drills:
            yield self._try_drill(name, combination.name, pythons)

    def _try_plain_worker(self, combination: str, pythons: Mapping[str, str]) -> Trial:
        with scratch_folder() as folder:
            try:
                end = try_plain_worker(pythons.get("worker", sys.executable), folder)
            except StackError as error:
                end = str(error)
        return Trial(combination, PLAIN_WORKER, "failed" if end else "passed", end)

    def _try_validations(self, combination: str, pythons: Mapping[str, str]) -> Iterator[Trial]:
        stack = LocalStack(
            root=self.root, cache=self.cache, store=self.store, ephemeral=True, pythons=pythons
        )
        try:
            with stack:
                for name in self.validations:
                    outcome = self.run_validation(name, (), stack.environment)
                    failed = ", ".join(sorted(outcome.failed_checks))
                    yield Trial(combination, f"validation {name}", outcome.verdict, failed)
        except StackError as error:
            if combination == _TODAY:
                raise
            yield Trial(combination, "start", "failed", str(error))

    def _try_drill(self, name: str, combination: str, pythons: Mapping[str, str]) -> Trial:
        try:
            result = run_drill(
                name,
                run_validation=self.run_validation,
                root=self.root,
                cache=self.cache,
                store=self.store,
                tasks=self.tasks,
                pythons=pythons,
                report=lambda sentence: self.report(f"{combination}: {sentence}"),
            )
        except StackError as error:
            return Trial(combination, f"drill {name}", "failed", str(error))
        remark = "; ".join(list_remarks(result))
        return Trial(combination, f"drill {name}", result.verdict, remark)
