"""Standings of notebooks: the last verdict, since when, and the one that was notified last."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

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
    """

    verdict: str
    since: float
    runs: int = 1
    notified: str = ""

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
        return Standing(verdict, at, notified=verdict if is_green else "")
    if standing.is_green == is_green:
        return replace(standing, verdict=verdict, runs=standing.runs + 1)
    return Standing(verdict, at, notified=standing.notified)


def is_due(standing: Standing, at: float, after_s: float) -> bool:
    """Return whether the last notification has been wrong for at least `after_s` seconds.

    A change among the verdicts that are not `passed` is no reason for another notification.
    """
    was_green = standing.notified in ("", Verdict.PASSED)
    return was_green != standing.is_green and at - standing.since >= after_s


class Standings:
    """The standings below an evidence root, as a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = dict(_read(path))

    def take(self, notebook: str, target: str, verdict: str, at: float) -> Change:
        """Record a run; return the change from the standing before."""
        key = f"{notebook} on {target}"
        before = self._rows.get(key)
        now = self._rows[key] = advance(before, verdict, at)
        return Change(notebook, target, before, now)

    def mark_notified(self, changes: Iterable[Change]) -> None:
        """Record that these changes were notified."""
        for change in changes:
            key = f"{change.notebook} on {change.target}"
            self._rows[key] = replace(change.now, notified=change.now.verdict)

    def save(self) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        rows = {key: asdict(row) for key, row in self._rows.items()}
        replace_file(
            self._path, (json.dumps(rows, indent=1) + "\n").encode(), mode=0o644, to_disk=True
        )


@contextmanager
def open_standings(root: Path) -> Iterator[Standings]:
    """Yield the standings of an evidence root, locked against other commands, and save them.

    Raises:
        OSError: they cannot be written.
    """
    with file_lock(root / f"{STANDINGS_FILE}.lock", wait_s=LOCK_WAIT_S):
        standings = Standings(root / STANDINGS_FILE)
        yield standings
        standings.save()


def _read(path: Path) -> Iterator[tuple[str, Standing]]:
    """Yield the standings in a file; rows that are not standings are left out."""
    try:
        rows = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return
    for key, row in rows.items() if isinstance(rows, dict) else ():
        if standing := _parse(row):
            yield key, standing


def _parse(row: Any) -> Standing | None:
    match row:
        case {
            "verdict": str(verdict), "since": float() | int() as since,
            "runs": int(runs), "notified": str(notified),
        }:  # fmt: skip
            return Standing(verdict, float(since), runs, notified)
    return None


def read_standings(root: Path) -> Mapping[str, Standing]:
    """Return the standings of an evidence root, by `NOTEBOOK on TARGET`."""
    return dict(_read(root / STANDINGS_FILE))
