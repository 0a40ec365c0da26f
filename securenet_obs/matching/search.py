"""Ranks the runbooks for a text: by patterns, by consequences, and for a person by symptoms.

The order is a function of the text and the index alone:

| grade         | evidence                                                   | weight            |
|---------------|------------------------------------------------------------|-------------------|
| pattern       | a pattern matches; a typed text has the name of a check     | literal characters |
| consequence   | a fallback pattern matches                                 | literal characters |
| letter case   | a pattern of either kind matches in other letter case      | literal characters |
| symptom       | words of a symptom, or of the title, are in a short text    | number of words   |

Equal grade and weight is a tie.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from securenet_obs.matching.index import Entry, Index
from securenet_obs.matching.pattern import MAX_TEXT, Pattern
from securenet_obs.matching.words import MAX_WORDS, read_words

MIN_WORDS = 2
"""Minimum number of words that a text shares with a symptom, unless it has one word only."""

_EXCERPT = 60


class Grade(IntEnum):
    """Kinds of evidence, the weakest first."""

    SYMPTOM = 1
    LETTER_CASE = 2
    CONSEQUENCE = 3
    PATTERN = 4


@dataclass(frozen=True)
class Reason:
    """Evidence for a runbook: the pattern or symptom, and the place of the text that matches."""

    grade: Grade
    weight: int
    pattern: str
    excerpt: str

    @property
    def sentence(self) -> str:
        """The evidence in words."""
        match self.grade:
            case Grade.SYMPTOM:
                return f'the symptom "{self.pattern}" has the words {self.excerpt}'
            case Grade.LETTER_CASE:
                return f'the pattern "{self.pattern}" matches in other letter case: {self.excerpt}'
            case Grade.CONSEQUENCE:
                return f'the pattern of a consequence "{self.pattern}" matches: {self.excerpt}'
        return f'the pattern "{self.pattern}" matches: {self.excerpt}'


@dataclass(frozen=True)
class Match:
    """A runbook that a text leads to, with all evidence of its best grade, the strongest first."""

    entry: Entry
    reasons: tuple[Reason, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """Grade and weight of the strongest evidence."""
        return self.reasons[0].grade, self.reasons[0].weight


def find_matches(index: Index, text: str, *, is_typed: bool = False) -> list[Match]:
    """Return the runbooks that a text leads to, the best first.

    Args:
        index: the runbooks.
        text: an error, a traceback or log lines; its last `MAX_TEXT` characters count.
        is_typed: whether a person typed it: names of checks count as patterns, and without a match
            other letter case and symptoms.
    """
    text = text[-MAX_TEXT:]
    reasons = [
        *_search(index.patterns, text, Grade.PATTERN),
        *_search(index.fallback_patterns, text, Grade.CONSEQUENCE),
    ]
    if is_typed:
        reasons += _find_checks(index, text)
    if is_typed and not reasons:
        both = (*index.patterns, *index.fallback_patterns)
        reasons = [*_search(both, text, Grade.LETTER_CASE)]
    if is_typed and not reasons:
        reasons = [*_compare_words(index, text)]
    found: dict[str, list[Reason]] = {}
    for name, reason in reasons:
        found.setdefault(name, []).append(reason)
    matches = [Match(index.entries[name], _select(rows)) for name, rows in found.items()]
    return sorted(matches, key=lambda match: (*(-part for part in match.rank), match.entry.name))


def list_best(matches: Sequence[Match]) -> list[Match]:
    """Return the best of ranked matches: several if they are equal, none without a match."""
    return [match for match in matches if match.rank == matches[0].rank]


def _select(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the evidence of the best grade, the heaviest first."""
    ordered = sorted(reasons, key=lambda reason: (-reason.grade, -reason.weight, reason.pattern))
    return tuple(reason for reason in ordered if reason.grade == ordered[0].grade)


def _search(
    patterns: Iterable[tuple[str, Pattern]], text: str, grade: Grade
) -> Iterator[tuple[str, Reason]]:
    for name, pattern in patterns:
        span = pattern.find(text, ignores_case=grade == Grade.LETTER_CASE)
        if span is not None:
            yield name, Reason(grade, pattern.weight, pattern.text, _cut(text, *span))


def _find_checks(index: Index, text: str) -> Iterator[tuple[str, Reason]]:
    for name, entry in index.entries.items():
        for check in entry.failed_checks:
            if (start := text.find(check)) >= 0:
                excerpt = _cut(text, start, start + len(check))
                yield name, Reason(Grade.PATTERN, len(check), check, excerpt)


def _compare_words(index: Index, text: str) -> Iterator[tuple[str, Reason]]:
    words = read_words(text)
    if len(words) > MAX_WORDS:
        return
    for name, entry in index.entries.items():
        for symptom in (*entry.symptoms, entry.title, name.replace("_", " ")):
            shared = words & read_words(symptom)
            if len(shared) >= min(MIN_WORDS, max(1, len(words))):
                excerpt = ", ".join(sorted(shared))
                yield name, Reason(Grade.SYMPTOM, len(shared), symptom, excerpt)


def _cut(text: str, start: int, end: int) -> str:
    """Return the match with the text around it, on one line."""
    begin = max(text.rfind("\n", 0, start) + 1, start - _EXCERPT)
    line_end = text.find("\n", end)
    stop = min(end + _EXCERPT, len(text) if line_end < 0 else line_end)
    before = "…" if begin > 0 and text[begin - 1] != "\n" else ""
    after = "…" if stop < len(text) and text[stop] != "\n" else ""
    return f"{before}{' '.join(text[begin:stop].split())}{after}"
