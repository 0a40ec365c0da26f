"""The history of runs below an evidence folder, read incrementally with a cache."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from securenet_obs.errors import EvidenceError
from securenet_obs.processes.atomic_file import replace_file
from securenet_obs.reports.runs import ReportedRun, read_runs
from securenet_obs.runner.evidence.folder import MANIFEST
from securenet_obs.runner.record import journal

PRUNED = "history.jsonl"
"""File of an evidence folder with the runs of commands without evidence, which was removed."""

Stamp = tuple[int, int]
"""Time of the last change of a file in nanoseconds, and its size in bytes."""


@dataclass(frozen=True)
class CommandRuns:
    """The runs of one command; the stamp is that of its `run.json`."""

    stamp: Stamp
    runs: tuple[ReportedRun, ...]


@dataclass(frozen=True)
class ReadCommand:
    """A command with the content of its `run.json`, and each run with its object.

    For one in the cache, `manifest` is None, and `rows` is empty.
    """

    name: str
    manifest: dict[str, Any] | None = None
    rows: tuple[tuple[ReportedRun, Any], ...] = ()


@dataclass
class History:
    """All runs below an evidence folder.

    Attributes:
        evidence: the evidence folder.
        commands: evidence folder of a command -> its runs.
        pruned: runs of commands without evidence, which was removed.
        unreadable: evidence folder of a command -> why its `run.json` cannot be read.
        unfinished: evidence folders of commands that have not ended, or broke off.
        gone: runs of the cache without evidence.
    """

    evidence: Path
    commands: dict[str, CommandRuns] = field(default_factory=dict)
    pruned: list[ReportedRun] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    gone: list[ReportedRun] = field(default_factory=list)

    @property
    def runs(self) -> list[ReportedRun]:
        """All runs, sorted by start."""
        kept = [run for command in self.commands.values() for run in command.runs]
        return sorted([*self.pruned, *kept], key=lambda run: (run.started, run.command, run.run))

    def read(
        self, cache: Mapping[str, CommandRuns], stamps: Mapping[str, Stamp]
    ) -> Iterator[ReadCommand]:
        """Read every command that the cache lacks; yield all, in the order of their names.

        `commands` has the runs of those that were yielded.

        Args:
            cache: runs that are known.
            stamps: the answer of `scan`.

        Raises:
            EvidenceError: the file of pruned runs cannot be read.
        """
        self._read_pruned(stamps)
        for name in sorted(stamps):
            known = cache.get(name)
            if known and known.stamp == stamps[name]:
                self.commands[name] = known
                yield ReadCommand(name)
                continue
            manifest = self._read_manifest(name)
            if known:
                self.gone += known.runs
            if manifest is None:
                continue
            rows = tuple(read_runs(name, manifest))
            self.commands[name] = CommandRuns(stamps[name], tuple(run for run, _ in rows))
            yield ReadCommand(name, manifest, rows)
        self.gone += [run for name in cache.keys() - stamps for run in cache[name].runs]

    def scan(self) -> dict[str, Stamp]:
        """Return the stamp of each command's `run.json`; links are other names of the same.

        Raises:
            EvidenceError: the evidence folder cannot be read.
        """
        stamps = {}
        try:
            for entry in os.scandir(self.evidence):
                if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                    continue
                if stamp := _stamp_of(f"{entry.path}/{MANIFEST}"):
                    stamps[entry.name] = stamp
                elif _stamp_of(f"{entry.path}/{journal.NAME}"):
                    self.unfinished.append(entry.name)
        except OSError as error:
            raise EvidenceError(f"{self.evidence}: cannot be read: {error.strerror}.") from error
        self.unfinished.sort()
        return stamps

    def _read_manifest(self, name: str) -> dict[str, Any] | None:
        try:
            manifest = orjson.loads((self.evidence / name / MANIFEST).read_bytes())
        except (OSError, ValueError) as error:
            self.unreadable[name] = getattr(error, "strerror", None) or f"not JSON: {error}"
            return None
        if not isinstance(manifest, dict) or not isinstance(manifest.get("runs"), list):
            self.unreadable[name] = "not a summary of runs"
            return None
        return manifest

    def _read_pruned(self, present: Mapping[str, Stamp]) -> None:
        try:
            lines = (self.evidence / PRUNED).read_bytes().splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            raise EvidenceError(f"{self.evidence / PRUNED}: {error.strerror}.") from error
        found = {name: runs for name, _, runs in map(_parse_command, lines) if name}
        for name, runs in found.items():
            if name not in present:
                self.pruned += (replace(run, is_pruned=True) for run in runs)


def _stamp_of(path: str) -> Stamp | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def format_command(name: str, command: CommandRuns) -> bytes:
    """Return the line of a command in the cache, and in the file of pruned runs."""
    return orjson.dumps({"command": name, "stamp": command.stamp, "runs": command.runs}) + b"\n"


def _parse_command(line: bytes) -> tuple[str, Stamp, tuple[ReportedRun, ...]]:
    """Return name, stamp and runs of a line; an empty name if it is not one."""
    try:
        row = orjson.loads(line)
        first, second = row["stamp"]
        return (
            str(row["command"]),
            (first, second),
            tuple(ReportedRun(**each) for each in row["runs"]),
        )
    except (ValueError, TypeError, KeyError):
        return "", (0, 0), ()


def read_cache(path: Path, fingerprint: str) -> dict[str, CommandRuns]:
    """Return the cached runs by command; none if the cache is absent, or of another version."""
    try:
        first, *lines = path.read_bytes().splitlines()
    except (OSError, ValueError):
        return {}
    if first.decode("utf-8", "replace") != fingerprint:
        return {}
    rows = map(_parse_command, lines)
    return {name: CommandRuns(stamp, runs) for name, stamp, runs in rows if name}


def write_cache(path: Path, fingerprint: str, commands: Mapping[str, CommandRuns]) -> None:
    """Write the cache.

    Raises:
        OSError: it cannot be written.
    """
    lines = [format_command(name, command) for name, command in commands.items()]
    data = b"".join([fingerprint.encode() + b"\n", *lines])
    replace_file(path, data, mode=0o644, to_disk=False)
