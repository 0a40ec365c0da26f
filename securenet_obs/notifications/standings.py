"""Standings of notebooks: the last verdict, since when, and the one that was notified last."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from securenet_obs.errors import NotificationError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.processes.locks import file_lock
from securenet_obs.runner.record.verdict import Verdict

STANDINGS_FILE = ".standings.json"
"""File beside the evidence folders."""

LOCK_WAIT_S = 10.0
UNCOUNTED = frozenset({Verdict.SKIPPED, Verdict.INTERRUPTED, Verdict.BAD_PARAMETERS})
"""Verdicts that state nothing about a target; they change no standing."""


@dataclass(frozen=True)
class Standing:
    """The standing of a notebook on a target.

    Attributes:
        verdict: its last verdict.
        since: Unix time at which the first of the last runs ended that all passed, or all did not.
        runs: number of these runs.
        notified: the verdict that was notified last; empty before the first one.
        last: Unix time of the last of the runs.
    """

    verdict: str
    since: float
    runs: int = 1
    notified: str = ""
    last: float = 0.0

    @property
    def is_green(self) -> bool:
        """Whether the last run has passed."""
        return self.verdict == Verdict.PASSED


@dataclass(frozen=True)
class Change:
    """A change of verdict that is due to be notified."""

    notebook: str
    target: str
    before: Standing | None
    now: Standing


def advance(standing: Standing | None, verdict: str, at: float) -> Standing:
    """Return the standing after another run.

    Args:
        standing: the standing before; None for the first run.
        verdict: the run's verdict, after all retries.
        at: Unix time at which the run ended.
    """
    is_green = verdict == Verdict.PASSED
    if standing is None:
        # A notebook that passes from the start needs no notification.
        return Standing(verdict, at, notified=verdict if is_green else "", last=at)
    if standing.is_green == is_green:
        return replace(standing, verdict=verdict, runs=standing.runs + 1, last=at)
    return Standing(verdict, at, notified=standing.notified, last=at)


def is_due(standing: Standing, at: float, after_s: float) -> bool:
    """Return whether the last notification has been wrong for at least `after_s` seconds.

    A change among the verdicts that are not `passed` is no reason for another notification.
    """
    was_green = standing.notified in ("", Verdict.PASSED)
    return was_green != standing.is_green and at - standing.since >= after_s


class Standings:
    """The standings of notebooks on targets, by `NOTEBOOK on TARGET`.

    Args:
        rows: standings as JSON objects; those of another shape are left out.
    """

    def __init__(self, rows: Mapping[str, Any]) -> None:
        parsed = {key: _parse(row) for key, row in rows.items()}
        self.rows = {key: row for key, row in parsed.items() if row}

    def take(self, notebook: str, target: str, verdict: str, at: float) -> Change | None:
        """Record a run; return the change from the standing before.

        None for a run that is older than the last one: its command was closed late.
        """
        key = f"{notebook} on {target}"
        before = self.rows.get(key)
        if before and at < before.last:
            return None
        now = self.rows[key] = advance(before, verdict, at)
        return Change(notebook, target, before, now)

    def mark_notified(self, changes: Iterable[Change]) -> None:
        """Record that these changes were notified."""
        for change in changes:
            key = f"{change.notebook} on {change.target}"
            self.rows[key] = replace(change.now, notified=change.now.verdict)

    def as_text(self) -> str:
        """Return the standings as JSON."""
        return json.dumps({key: asdict(row) for key, row in self.rows.items()}, indent=1) + "\n"


def parse_standings(text: str | bytes) -> Standings:
    """Return the standings that were written as text; none if it is not theirs."""
    try:
        rows = json.loads(text)
    except ValueError:
        rows = {}
    return Standings(rows if isinstance(rows, dict) else {})


@contextmanager
def open_standings(root: Path) -> Iterator[Standings]:
    """Yield the standings of an evidence root, locked against other commands, and save them.

    Raises:
        NotificationError: they cannot be written, or another command holds them for too long.
    """
    path = root / STANDINGS_FILE
    try:
        with file_lock(root / f"{STANDINGS_FILE}.lock", wait_s=LOCK_WAIT_S) as is_held:
            if not is_held:
                raise NotificationError(
                    f"{path}: another command holds it; changes are notified with the next run."
                )
            standings = read_standings(root)
            yield standings
            replace_file(path, standings.as_text().encode(), mode=0o644, to_disk=True)
    except OSError as error:
        raise NotificationError(
            f"{root}: the standings cannot be written: {error.strerror}"
        ) from error


def read_standings(root: Path) -> Standings:
    """Return the standings of an evidence root; a file that cannot be read has none."""
    try:
        return parse_standings((root / STANDINGS_FILE).read_bytes())
    except OSError:
        return Standings({})


def _parse(row: Any) -> Standing | None:
    match row:
        case {
            "verdict": str(verdict), "since": float() | int() as since,
            "runs": int(runs), "notified": str(notified),
        }:  # fmt: skip
            last = row.get("last")
            last_s = float(last) if isinstance(last, float | int) else float(since)
            return Standing(verdict, float(since), runs, notified, last_s)
    return None
