"""Differences between the facts of two runs, by kind; files of a folder are one difference."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from securenet_obs.runner.comparison.facts import CODE, KINDS, LOG_SCHEMA, Facts, Values

ABSENT = "absent"
"""The value of a fact that one of two runs does not have."""

COMMIT = "commit"
"""Name of the fact with the commit of the working copy."""

RELEASES = ("SECURENET_RELEASE", "SENTRY_RELEASE", "SECURENET_COMMIT")
"""Settings with the release of a target's own code, of which a run sees no files."""

_SHOWN_FILES = 4


@dataclass(frozen=True)
class Difference:
    """A fact that has changed.

    Attributes:
        kind: one of `KINDS`.
        what: name of the fact, or of a folder with its files that have changed.
        before: its value in the earlier run, or `absent`.
        after: its value in the later run, or `absent`.
    """

    kind: str
    what: str
    before: str
    after: str

    @property
    def key(self) -> tuple[str, str]:
        """The fact's kind and name, without the names of single files."""
        return self.kind, self.what.partition(" (")[0]


def compare(before: Facts, after: Facts) -> list[Difference]:
    """Return the differences of the kinds that both runs have facts of."""
    found = []
    for kind in KINDS:
        if kind in before.kinds and kind in after.kinds:
            found += list(_compare_kind(kind, before.kinds[kind], after.kinds[kind]))
    return found


def not_compared(before: Facts, after: Facts) -> dict[str, str]:
    """Return the reason for each kind that cannot be compared, if either run should have it."""
    reasons = {}
    for kind in KINDS:
        if before.lacks(kind) and after.lacks(kind):
            continue
        if reason := after.reason(kind):
            reasons[kind] = reason
        elif reason := before.reason(kind):
            reasons[kind] = f"the last green run: {reason}"
    return reasons


def _compare_kind(kind: str, before: Values, after: Values) -> Iterator[Difference]:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if kind == LOG_SCHEMA:
        names = list(_without_fields_of_absent_events(names, before, after))
    if kind == CODE:
        yield from _compare_code(names, before, after)
        return
    for name in names:
        yield Difference(kind, name, before.get(name, ABSENT), after.get(name, ABSENT))


def _without_fields_of_absent_events(
    names: Iterable[str], before: Values, after: Values
) -> Iterator[str]:
    """Yield the names without the fields of an event that only one of the runs has logged."""
    for name in names:
        event, _, field = name.partition(".")
        if not (field and event) or (event in before) == (event in after):
            yield name


def _compare_code(names: list[str], before: Values, after: Values) -> Iterator[Difference]:
    """Yield one difference for each folder with changed files, else that of the commit alone."""
    folders: dict[str, list[str]] = {}
    for name in names:
        if name in RELEASES:
            yield Difference(CODE, name, before.get(name, ABSENT), after.get(name, ABSENT))
        elif name != COMMIT:
            folders.setdefault(_place(name), []).append(name)
    commits = _commits(before), _commits(after)
    for folder, files in sorted(folders.items()):
        old, new = (_summarise(files, values) for values in (before, after))
        suffixes = commits if commits[0] != commits[1] else ("", "")
        yield Difference(CODE, _title(folder, files), old + suffixes[0], new + suffixes[1])
    if COMMIT in names and not folders:
        yield Difference(CODE, COMMIT, before.get(COMMIT, ABSENT), after.get(COMMIT, ABSENT))


def _place(name: str) -> str:
    """Return the folder of a file, or the notebook of a cell."""
    notebook, comma, _ = name.partition(", cell ")
    return notebook if comma else PurePosixPath(name).parent.as_posix()


def _title(place: str, files: list[str]) -> str:
    if ", cell " in files[0]:
        shown = [f"cell {name.rpartition(' ')[2]}" for name in files]
    else:
        shown = [PurePosixPath(name).name for name in files]
    more = f", {len(shown) - _SHOWN_FILES} more" if len(shown) > _SHOWN_FILES else ""
    return f"{place} ({', '.join(shown[:_SHOWN_FILES])}{more})"


def _summarise(files: list[str], values: Mapping[str, str]) -> str:
    """Return the digest of a single file, or the number of files that exist."""
    if len(files) == 1:
        return values.get(files[0], ABSENT)
    present = sum(1 for name in files if name in values)
    return f"{present} of {len(files)} files" if present < len(files) else f"{len(files)} files"


def _commits(values: Values) -> str:
    return f" at {values[COMMIT][:DIGITS]}" if values.get(COMMIT) else ""


DIGITS = 10
"""Number of digits of a commit that are shown."""
