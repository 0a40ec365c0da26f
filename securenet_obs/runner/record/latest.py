"""Latest run of each notebook, from the evidence of all commands."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class LatestRun:
    """The latest run of a notebook: its verdict, and its start in Unix seconds.

    `page` is the path of its page below the evidence root; empty in evidence without one.
    """

    notebook: str
    verdict: str
    started_at: float
    page: str = ""


class LatestRuns:
    """Reads the evidence below a folder; each command's file is read once."""

    def __init__(self, evidence: Path) -> None:
        self._evidence = evidence
        self._read: set[Path] = set()
        self._latest: dict[str, LatestRun] = {}

    def find(self) -> list[LatestRun]:
        """Return the latest run of each notebook, by name.

        The evidence of a command that has not ended has no summary yet, and is read later.

        Raises:
            OSError: a summary cannot be read.
        """
        for path in sorted(self._evidence.glob("*/run.json")):
            if path not in self._read and not path.parent.is_symlink():
                for run in _parse(path):
                    self._take(run)
                self._read.add(path)
        return [self._latest[name] for name in sorted(self._latest)]

    def _take(self, run: LatestRun) -> None:
        known = self._latest.get(run.notebook)
        if known is None or run.started_at >= known.started_at:
            self._latest[run.notebook] = run


def _parse(path: Path) -> list[LatestRun]:
    """Return the runs of a summary; none if it is not one."""
    try:
        rows = json.loads(path.read_bytes())["runs"]
        return [
            LatestRun(
                str(row["notebook"]),
                str(row["verdict"]),
                datetime.fromisoformat(row["started"]).timestamp(),
                f"{path.parent.name}/{row['run']}.html" if row.get("run") else "",
            )
            for row in rows
        ]
    except (ValueError, TypeError, LookupError):
        return []
