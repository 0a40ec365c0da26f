"""Patterns of runbooks: regular expressions with a literal part, searched in bounded work."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

MIN_LITERAL = 4
"""Minimum number of characters of a pattern's longest literal part."""

MAX_REPEATS = 2
"""Maximum number of unbounded repetitions in a pattern; each multiplies the work of a search."""

MAX_TEXT = 64 * 1024
"""Characters of a text that are searched, from its end: an error's own message comes last."""

_AROUND = 300
_MAX_PLACES = 20

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+(?P<open>,?)\d*\}|.", re.DOTALL
)


@dataclass(frozen=True)
class Pattern:
    """A regular expression, and the longest text that each of its matches contains.

    Attributes:
        text: the expression.
        literal: that text; empty for alternatives, which are searched everywhere.
        weight: number of characters that a match has in common with the expression.
        is_literal: whether the expression is that text and nothing else.
    """

    text: str
    literal: str
    weight: int
    is_literal: bool

    def find(self, text: str, *, ignores_case: bool = False) -> tuple[int, int] | None:
        """Return start and end of a match in a text; None without one."""
        if not ignores_case:
            # Most texts end here: in a tenth of a microsecond.
            if self.literal not in text:
                return None
            return self._find(self._exact, self.literal, text, text)
        return self._find(self._ignoring_case, self.literal.lower(), _lower(text), text)

    def _find(
        self, expression: re.Pattern[str], sought: str, searched: str, text: str
    ) -> tuple[int, int] | None:
        """Return the match around one of the first places of the literal text."""
        place = -1
        for _ in range(_MAX_PLACES):
            place = searched.find(sought, place + 1)
            if place < 0:
                return None
            if self.is_literal:
                return place, place + len(sought)
            end = place + len(sought) + _AROUND if sought else len(text)
            if found := expression.search(text, max(0, place - _AROUND), end):
                return found.span()
        return None

    @cached_property
    def _exact(self) -> re.Pattern[str]:
        return re.compile(self.text)

    @cached_property
    def _ignoring_case(self) -> re.Pattern[str]:
        return re.compile(self.text, re.IGNORECASE)


@lru_cache(1)
def _lower(text: str) -> str:
    """Return a text of the same length; the lower case of some letters is two characters."""
    return "".join(each if len(each.lower()) > 1 else each.lower() for each in text)


def parse_pattern(text: str) -> Pattern:
    """Return a pattern.

    Raises:
        ValueError: the text is not a regular expression, has too little literal text, or could
            take long on some input.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    alternatives = _Parts(text).alternatives
    literals = [max(runs, key=len) for runs in alternatives]
    shortest = min(literals, key=len)
    if len(shortest) < MIN_LITERAL:
        raise ValueError(f"{text!r} has no literal text of {MIN_LITERAL} characters")
    return Pattern(
        text,
        literal="" if len(alternatives) > 1 else shortest,
        weight=min(sum(map(len, runs)) for runs in alternatives),
        is_literal=_unescape(text) == shortest,
    )


def _unescape(text: str) -> str:
    """Return the text of an expression of escaped characters only; empty for any other."""
    plain = re.sub(r"\\([^A-Za-z0-9])", r"\1", text)
    return plain if re.fullmatch(r"(?:\\[^A-Za-z0-9]|[^\\.^$*+?{}\[\]|()])*", text) else ""


class _Parts:
    """The literal runs of a regular expression, in each of its alternatives."""

    def __init__(self, text: str) -> None:
        self.alternatives: list[list[str]] = [[""]]
        self._text = text
        self._depth = self._repeats = 0
        before = ""
        for token in _TOKEN.finditer(text):
            self._add(token, before)
            before = token[0]

    def _add(self, token: re.Match[str], before: str) -> None:
        part, runs = token[0], self.alternatives[-1]
        is_quantifier = part in "*+?" or (part[0] == "{" and len(part) > 1)
        if is_quantifier and before != "(":
            self._quantify(part, before, is_unbounded=part in "*+" or token["open"] == ",")
        elif part in "()":
            self._depth += 1 if part == "(" else -1
            runs.append("")
        elif self._depth:
            return
        elif part == "|":
            self.alternatives.append([""])
        elif token["escaped"] and not token["escaped"].isalnum():
            runs[-1] += token["escaped"]
        elif len(part) > 1 or part in ".^$":
            runs.append("")
        else:
            runs[-1] += part

    def _quantify(self, part: str, before: str, *, is_unbounded: bool) -> None:
        if before == ")" and part != "?":
            raise ValueError(f"{self._text!r} repeats a group, which can take long")
        self._repeats += is_unbounded
        if self._repeats > MAX_REPEATS:
            raise ValueError(f"{self._text!r} has more than {MAX_REPEATS} unbounded repetitions")
        runs = self.alternatives[-1]
        if part != "+" and not self._depth:
            runs[-1] = runs[-1][:-1]
        runs.append("")
