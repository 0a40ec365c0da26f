"""A worker that answers pings and executes nothing: looks by canaries, decides, verifies."""

import math
import time
from collections.abc import Mapping

import pandas as pd

from securenet_obs.oncall.actions.action_file import named_action
from securenet_obs.oncall.actions.step import Manual, Step
from securenet_obs.oncall.decisions import Row
from securenet_obs.oncall.session import Finding
from securenet_obs.oncall.symptoms.queue_is_growing import QueueState
from securenet_obs.probes.celery.known_workers import ANSWER_S, KnownWorker, ask_known_workers
from securenet_obs.probes.celery.queues import compute_queue_rates
from securenet_obs.probes.celery.tasks import TaskProbe
from securenet_obs.probes.health.health import Health
from securenet_obs.probes.health.worker import probe_worker
from securenet_obs.settings import Settings

_WINDOW_S = 2.0
"""Seconds of the first window of a verification; each further one is longer by as much."""

_WINDOWS = 5


class WorkerAnswersButDoesNothing:
    """The symptom of a worker, or of every worker that Redis knows.

    Every method raises UnreachableError, ForbiddenError or RefusedError, as the probes do.

    Args:
        settings: those of the target.
        worker: name of the worker that the alert named; empty for every known one.
        deadline_s: seconds to wait for a canary.
        least_depth: a queue with fewer waiting messages needs no action.
    """

    def __init__(
        self,
        settings: Settings,
        worker: str = "",
        *,
        deadline_s: float = 10.0,
        least_depth: int = 10,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._deadline_s = deadline_s
        self._least_depth = least_depth
        self._probe = TaskProbe(settings)
        self._known: list[KnownWorker] = []
        self._health: dict[str, Health] = {}
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._between_s = 0.0

    def look(self) -> pd.DataFrame:
        """Ask every known worker, and send a canary to the direct queue of each that answers.

        Returns:
            A row for each worker: `worker`, `answers`, `consumes`, `canary`.
        """
        began = time.monotonic()
        self._first = self._probe.queue_depths()
        self._known = self._ask()
        self._health = {row.name: self._send_canary(row.name) for row in self._known if row.answers}
        self._last = self._probe.queue_depths()
        self._between_s = time.monotonic() - began
        rows = [
            (row.name, row.answers, _list_queues(row), self._describe_canary(row))
            for row in self._known
        ]
        return pd.DataFrame(rows, columns=["worker", "answers", "consumes", "canary"])

    def depths(self) -> pd.DataFrame:
        """Return the depth of each queue before and after the canaries: `first`, `last`, `rises`.

        The name of the queue is the index; `rises` is the difference, in messages.
        """
        frame = pd.DataFrame({"first": pd.Series(self._first), "last": pd.Series(self._last)})
        frame = frame.fillna(0).astype(int)
        return frame.assign(rises=frame["last"] - frame["first"]).rename_axis("queue")

    def youngest_idle_s(self) -> float:
        """Return the seconds since the last start of a worker that does nothing; infinite if none.

        `look` comes first.
        """
        idle = [row.uptime_s for row in self._known if row.answers and not self._works(row)]
        return min(idle, default=math.inf)

    def describe_youngest(self) -> str:
        """Return the seconds since the last start of a worker that does nothing, as text."""
        seconds = self.youngest_idle_s()
        return "there is none" if math.isinf(seconds) else f"started {seconds:.0f} s ago"

    def _works(self, worker: KnownWorker) -> bool:
        return bool(worker.queues) and self._health[worker.name].is_healthy

    def decide(self) -> list[Row]:
        """Return the decision table, rows for each known worker; `look` comes first."""
        rows = [row for worker in self._known for row in self._decide_on(worker)]
        return [*rows, self._decide_on_queues()]

    def _decide_on(self, worker: KnownWorker) -> list[Row]:
        consumes = bool(worker.queues)
        is_late = worker.answers and not self._health[worker.name].is_healthy
        idle, late = worker.answers and not consumes, consumes and is_late
        return [
            Row(
                f"{worker.name} answers and consumes no queue",
                idle,
                f"it consumes {_list_queues(worker)}; {self._describe_depths()}",
                self._restart(worker) if idle else None,
            ),
            Row(
                f"{worker.name} consumes its queues and executes nothing",
                late,
                f"{self._describe_canary(worker)}; {self._describe_depths()}",
                self._restart(worker) if late else None,
            ),
            Row(
                f"{worker.name} does not answer",
                not worker.answers,
                "it answers" if worker.answers else f"no answer within {ANSWER_S:g} s",
                Manual(
                    "restart the worker that is gone",
                    f"securenet-obs run worker_is_gone -p worker={worker.name}",
                ),
            ),
        ]

    def _decide_on_queues(self) -> Row:
        """Return the row of workers that work and are too few."""
        rises = {
            name: depth - self._first.get(name, 0)
            for name, depth in self._last.items()
            if depth >= self._least_depth and depth > self._first.get(name, 0)
        }
        queue = max(rises, key=lambda name: rises[name], default="")
        works = bool(self._known) and all(row.answers and self._works(row) for row in self._known)
        return Row(
            "every worker works, and a queue rises",
            works and bool(queue),
            self._describe_depths(),
            Manual("look at this queue", f"securenet-obs run queue_is_growing -p queue={queue}"),
        )

    def _restart(self, worker: KnownWorker) -> Step:
        return named_action(
            self._settings,
            "restart_worker",
            f"restart {worker.name} alone",
            lambda: self._read_state(worker.name),
            worker=worker.name,
        )

    def _read_state(self, name: str) -> Mapping[str, str]:
        """Return the process and its queues: a restart by another person changes the process."""
        (row,) = ask_known_workers(self._settings, name)
        return {"worker": name, "process": str(row.pid), "consumes": _list_queues(row)}

    def verify_queues(self) -> Finding:
        """Verify that every known worker consumes a queue."""
        known = self._ask()
        observed = "; ".join(f"{row.name} consumes {_list_queues(row)}" for row in known)
        passed = bool(known) and all(row.queues for row in known)
        return Finding(passed, "every known worker consumes a queue", observed or "none is known")

    def verify_canaries(self) -> Finding:
        """Verify that every known worker executes a canary, or is busy with tasks."""
        health = [self._send_canary(row.name) for row in self._ask()]
        return Finding(
            bool(health) and all(row.is_healthy for row in health),
            "every known worker executes a canary",
            "; ".join(row.format() for row in health) or "no worker is known",
        )

    def verify_depths(self) -> Finding:
        """Verify that each queue is short, or certainly shrinks; watch it until that is certain."""
        states: dict[str, QueueState] = {}
        for number in range(1, _WINDOWS + 1):
            states = self._watch(_WINDOW_S * number)
            if all(map(self._is_mended, states.values())):
                break
        after = "; ".join(f"{name}: {row.describe()}" for name, row in states.items() if row.depth)
        return Finding(
            all(map(self._is_mended, states.values())),
            f"each queue has fewer than {self._least_depth} waiting messages, or shrinks",
            f"before: {self._describe_depths()}; after: {after or 'nothing waits'}",
        )

    def _watch(self, window_s: float) -> dict[str, QueueState]:
        queues = sorted({*self._probe.queue_names(), *self._last})
        if not queues:
            return {}
        rates = compute_queue_rates(self._probe.sample_queues(window_s, queues=queues))
        return {
            str(name): QueueState(int(row["depth"]), row["in_per_s"], row["out_per_s"], window_s)
            for name, row in rates.iterrows()
        }

    def _is_mended(self, state: QueueState) -> bool:
        return state.depth < self._least_depth or (state.is_certain and state.shrinks_by > 0)

    def _ask(self) -> list[KnownWorker]:
        return ask_known_workers(self._settings, self._worker)

    def _send_canary(self, name: str) -> Health:
        return probe_worker(self._settings, name, self._deadline_s)

    def _describe_canary(self, worker: KnownWorker) -> str:
        health = self._health.get(worker.name)
        return health.observed if health else "not sent: the worker does not answer"

    def _describe_depths(self) -> str:
        """Return the queues in which messages wait or waited, with both depths, as text."""
        names = sorted({*self._first, *self._last})
        pairs = [(name, self._first.get(name, 0), self._last.get(name, 0)) for name in names]
        waiting = [f"{name} {first} to {last}" for name, first, last in pairs if first or last]
        if not waiting:
            return "nothing waits"
        return f"waiting within {self._between_s:.0f} s: {', '.join(waiting)}"


def _list_queues(worker: KnownWorker) -> str:
    return ", ".join(worker.queues) or "no queue"
