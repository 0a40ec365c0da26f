"""Ranks differences: nearness to the failed check, rarity in earlier runs, innocence, size."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from securenet_obs.runner.comparison.areas import (
    areas_of_kind,
    find_areas,
    join_letters,
    share_of_areas,
    split_words,
)
from securenet_obs.runner.comparison.differences import ABSENT, RELEASES, Difference
from securenet_obs.runner.comparison.facts import CODE, PACKAGE, PARAMETER

# The weights are orders of importance, not fitted values: evidence in the check's own words and its
# area outweigh a rare change, and evidence of innocence outweighs each of these alone.
NAMED, IN_SOURCE, VALUES, OWN_CELL = 3.0, 1.5, 3.0, 3.0
AREA, ANY_AREA, GENERAL, OWN_NOTEBOOK = 3.0, 0.5, 0.15, 1.0
RARITY, SIZE = 2.0, 0.5
REMOVED, ADDED, STRICTER, LOOSER = 1.0, -0.5, 1.0, -2.0
WAS_GREEN, CAME_LATER = -3.0, -10.0

_UPPER_LIMITS = split_words("deadline grace largest limit longest max oldest timeout tolerance")
"""Words of parameters that are upper limits: a higher value makes no check fail."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_MOST_STEPS = 10.0
MIN_PART = 5
"""Number of letters from which a word of a text may be a part of a name, as in `maxmemory`."""

MIN_NAME = 6
"""Number of letters from which a name is searched for in a text, whatever its signs."""


@dataclass(frozen=True)
class Symptom:
    """The failure that differences are ranked for.

    Attributes:
        notebook: name of the notebook.
        title: its title.
        cell: number of the cell that decided the verdict.
        names: names of the failed checks; without one, the reason of the verdict.
        expected: expected values of the failed checks.
        observed: observed values of the failed checks.
        source: source of the cell that decided the verdict.
    """

    notebook: str
    title: str = ""
    cell: int | None = None
    names: Sequence[str] = ()
    expected: str = ""
    observed: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """The text of the failed checks."""
        return " ".join([*self.names, self.expected, self.observed])

    def areas(self) -> dict[str, float]:
        """Return the share of each area, half of the checks' names, half of notebook and title."""
        own = share_of_areas(split_words(" ".join(self.names)))
        about = share_of_areas(split_words(f"{self.notebook} {self.title}"))
        return {area: (own.get(area, 0.0) + about.get(area, 0.0)) / 2 for area in own | about}


@dataclass(frozen=True)
class Past:
    """The changes of earlier runs.

    Attributes:
        pairs: number of successive earlier runs that were compared.
        changes: number of these in which a fact changed, by `Difference.key`.
        green: values that a fact had in green runs, by `Difference.key`.
        before_red: keys that had changed already when the failure began; None if it begins now.
    """

    pairs: int = 0
    changes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    green: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    before_red: frozenset[tuple[str, str]] | None = None


@dataclass(frozen=True)
class Ranked:
    """A difference with its score, and the reasons for it in words."""

    difference: Difference
    score: float
    why: str


def rank(differences: Iterable[Difference], symptom: Symptom, past: Past) -> list[Ranked]:
    """Return the differences, the most likely cause first."""
    ranked = [_score(difference, symptom, past) for difference in differences]
    return sorted(ranked, key=lambda row: (-row.score, row.difference.kind, row.difference.what))


def _score(difference: Difference, symptom: Symptom, past: Past) -> Ranked:
    parts = [
        *_nearness(difference, symptom),
        *_history(difference, past),
        _direction(difference),
        (SIZE * _size(difference), ""),
    ]
    score = sum(points for points, _ in parts)
    return Ranked(difference, round(score, 3), "; ".join(reason for _, reason in parts if reason))


def _nearness(difference: Difference, symptom: Symptom) -> list[tuple[float, str]]:
    """Return the points for words, cell and area that difference and symptom share."""
    own = split_words(difference.what)
    parts = [
        _named(own, difference, symptom),
        _values(difference, symptom),
        _area(difference, own, symptom),
    ]
    is_own = difference.kind == PARAMETER
    if difference.kind == CODE and difference.key[1] == symptom.notebook:
        is_own = True
        if re.search(rf"\bcell {symptom.cell}\b", difference.what):
            parts.append((OWN_CELL, "it is the cell that failed"))
    if is_own:
        parts.append((OWN_NOTEBOOK, ""))
    return parts


def _share_in(own: frozenset[str], difference: Difference, text: str) -> float:
    """Return the share of a difference's words that are in a text; 1 if its name is, anyhow."""
    name = join_letters(difference.key[1])
    if len(name) >= MIN_NAME and name in join_letters(text):
        return 1.0
    words = split_words(text)
    compounds = {
        word
        for word in own - words
        if any(len(part) >= MIN_PART and part in word for part in words)
    }
    return (len(own & words) + len(compounds) / 2) / len(own)


def _named(own: frozenset[str], difference: Difference, symptom: Symptom) -> tuple[float, str]:
    if not own:
        return 0.0, ""
    named = _share_in(own, difference, symptom.text)
    in_source = _share_in(own, difference, symptom.source)
    reason = "the failed check names it" if named >= 0.5 else ""
    return NAMED * named + IN_SOURCE * in_source**2, reason


def _values(difference: Difference, symptom: Symptom) -> tuple[float, str]:
    """Return the points for a value before that was expected, and one after that was observed."""
    if ABSENT in (difference.before, difference.after):
        return 0.0, ""
    before, after = split_words(difference.before), split_words(difference.after)
    expected, observed = split_words(symptom.expected), split_words(symptom.observed)
    hits = [difference.before == symptom.expected, difference.after == symptom.observed]
    if before and after and after - before:
        hits = [hits[0] or before <= expected, hits[1] or after <= observed]
    points = VALUES * sum(hits) / 2
    return points, "its values are those of the failed check" if all(hits) else ""


def _area(difference: Difference, own: frozenset[str], symptom: Symptom) -> tuple[float, str]:
    if difference.what in RELEASES:
        return AREA * ANY_AREA, "a release may change any area"
    areas = find_areas(own) | areas_of_kind(difference.kind)
    if not areas:
        return AREA * GENERAL, ""
    shares = symptom.areas()
    nearest = max(areas, key=lambda area: shares.get(area, 0.0))
    share = min(1.0, sum(shares.get(area, 0.0) for area in areas))
    most = max(shares.values(), default=0.0)
    reason = f"area {nearest}" if share and shares.get(nearest, 0.0) == most else ""
    return AREA * share, reason


def _history(difference: Difference, past: Past) -> list[tuple[float, str]]:
    changed = past.changes.get(difference.key, 0)
    rate = (changed + 0.5) / (past.pairs + 1)
    reason = f"changed in {changed} of {past.pairs} earlier comparisons" if past.pairs else ""
    parts = [(RARITY * (1 - 2 * rate), reason)]
    if difference.after in past.green.get(difference.key, frozenset()):
        parts.append((WAS_GREEN, "an earlier green run had the same value"))
    if past.before_red is not None and difference.key not in past.before_red:
        parts.append((CAME_LATER, "it came after the failure had begun"))
    return parts


def _direction(difference: Difference) -> tuple[float, str]:
    """Return the points for a fact that vanished or is new, and for a limit that has moved."""
    if difference.after == ABSENT:
        return REMOVED, ""
    if difference.before == ABSENT:
        return ADDED, ""
    if difference.kind == PARAMETER and split_words(difference.what) & _UPPER_LIMITS:
        before, after = (_NUMBER.search(text) for text in (difference.before, difference.after))
        if before and after:
            is_stricter = float(after[0]) < float(before[0])
            return (STRICTER, "stricter") if is_stricter else (LOOSER, "looser")
    return 0.0, ""


def _size(difference: Difference) -> float:
    """Return the size of a difference, 0 to 1: of versions and numbers by their distance."""
    before, after = (_NUMBER.findall(text) for text in (difference.before, difference.after))
    if ABSENT in (difference.before, difference.after) or not (before and after):
        return 0.5
    if difference.kind == PACKAGE:
        place = next(
            (n for n, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 2
        )
        return 1 / (place + 1)
    old, new = sorted((abs(float(before[0])), abs(float(after[0]))))
    return 1.0 if not old else min(1.0, (new / old - 1) / (_MOST_STEPS - 1))
