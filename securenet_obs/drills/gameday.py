"""Game day: an incident with its name hidden; the look of its runbook decides on the repair."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import SecretStr

from securenet_obs.drills.incidents import INCIDENTS, Incident
from securenet_obs.drills.incidents.proving import RunbookRunner
from securenet_obs.errors import SecureNetObsError
from securenet_obs.oncall.history import History
from securenet_obs.probes.celery.redis_reading import format_address
from securenet_obs.runner.notebook.catalog import find
from securenet_obs.stack.local_stack import LocalStack
from securenet_obs.stack.restarts import serving_requests
from securenet_obs.stack.state import read_status

COMMANDS = "hint, status, done, give up"
"""Commands of a player."""

_EVENTS = {"issued": "found", "after": "acted", "refused": "was refused", "verified": "verified"}
"""Event of the journal -> its word in the summary."""


def choose_incident(seed: int) -> Incident:
    """Return the incident of a seed."""
    return INCIDENTS[random.Random(seed).choice(sorted(INCIDENTS))]  # noqa: S311 no secret


@dataclass
class GameDay:
    """One game: injects the fault, answers the player, judges the repair.

    Args:
        seed: number that chooses the incident.
        stack: a running stack that this process owns.
        judge: runs the look that decides, with evidence of its own.
        history: the journal of the player's runbooks.
        say: prints text.
    """

    seed: int
    stack: LocalStack
    judge: RunbookRunner
    history: History
    say: Callable[[str], None]
    _outcome: Literal["repaired", "given up"] = field(default="given up", init=False)
    _seconds: float = field(default=0.0, init=False)
    _hints: int = field(default=0, init=False)
    _claims: int = field(default=0, init=False)

    def play(self, commands: Iterable[str]) -> dict[str, Any]:
        """Play, and leave the stack whole; the end of the commands gives up.

        Returns:
            `seed`, `incident`, `fault`, `runbook`, `outcome` (`repaired` or `given up`), `clock`
            and `found_at` (minutes:seconds after the alert; `never` without a dry run of the right
            runbook), `hints`, `claims` of the repair, and `steps` of the player's runbooks.

        Raises:
            StackError: the fault could not be injected, or not be removed.
        """
        incident = choose_incident(self.seed)
        with incident.fault(self.stack):
            alerted_at, began = datetime.now(UTC), time.monotonic()
            self.say(f"\n{incident.alert}\n\nThe clock runs. Commands here: {COMMANDS}.")
            with serving_requests(self.stack):
                for command in (" ".join(line.lower().split()) for line in commands):
                    self._seconds = time.monotonic() - began
                    if command == "give up" or self._answer(command, incident):
                        break
                else:
                    self._seconds = time.monotonic() - began
            steps = self._read_steps(alerted_at)
            self.say("The fault is being removed.")
        right = (incident.runbook, _EVENTS["issued"])
        found = (row["at"] for row in steps if (row["runbook"], row["event"]) == right)
        return {
            "seed": self.seed,
            "incident": incident.name,
            "fault": incident.description,
            "runbook": incident.runbook,
            "outcome": self._outcome,
            "clock": _format(self._seconds),
            "found_at": next(found, "never"),
            "hints": self._hints,
            "claims": self._claims,
            "steps": steps,
        }

    def _answer(self, command: str, incident: Incident) -> bool:
        """Answer a command; return whether the incident is repaired."""
        if command == "done":
            return self._judge(incident)
        if command == "hint":
            self.say(self._next_hint(incident))
        elif command == "status":
            self.say(self._describe())
        elif command:
            self.say(f"{command!r} is not a command; there are {COMMANDS}.")
        return False

    def _judge(self, incident: Incident) -> bool:
        self._claims += 1
        self.say("The probes look whether it is repaired.")
        try:
            run = self.judge.run(incident.runbook, incident.parameters, self.stack)
        except SecureNetObsError as error:
            self.say(f"Not repaired: {error}")
            return False
        if run.verdict == "passed" and not run.applying:
            self._outcome = "repaired"
            return True
        rows = f"{len(run.applying)} rows of the decision table apply"
        self.say(f"Not repaired: the verdict is {run.verdict}, {rows}. The clock runs on.")
        return False

    def _next_hint(self, incident: Incident) -> str:
        parameters = "".join(f" -p {row}" for row in incident.parameters)
        hints = (
            f"symptom: {'; '.join(find(self.judge.root, incident.runbook).declared.symptoms)}",
            f"command: securenet-obs run {incident.runbook}{parameters}",
            f"row of its decision table: {incident.row}",
        )
        self._hints = min(self._hints + 1, len(hints))
        return hints[self._hints - 1]

    def _describe(self) -> str:
        parts = read_status(self.stack.name, self.stack.folder.parents[1])
        states = ", ".join(f"{part.part} {part.to_row()['state']}" for part in parts)
        return f"{_format(self._seconds)} since the alert; {self._hints} hints; {states}"

    def _read_steps(self, alerted_at: datetime) -> list[dict[str, str]]:
        """Return the player's steps on this stack since the alert, from the journal."""
        redis = format_address(SecretStr(self.stack.environment["REDIS_URL"]))
        steps = []
        for row in self.history.read():
            after_s = (datetime.fromisoformat(row["at"]) - alerted_at).total_seconds()
            is_here = row.get("target", {}).get("redis") == redis
            if row["event"] in _EVENTS and is_here and after_s >= 0:
                event, action = _EVENTS[row["event"]], row.get("does", "")
                step = {"at": _format(after_s), "runbook": row["runbook"], "event": event}
                steps.append({**step, "action": action})
        return steps


def _format(seconds: float) -> str:
    """Return a duration as minutes and seconds, such as `3:07`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
