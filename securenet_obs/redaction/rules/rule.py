"""Types `KeyRule` and `TextRule`, the mask, and pieces of patterns that several modules share."""

import dataclasses
import re
from collections.abc import Callable

from securenet_obs.processes.lazy import lazy_property
from securenet_obs.redaction.rules.literals import literals
from securenet_obs.redaction.rules.shapes import PLACEHOLDER

MASK = "[redacted]"

ESCAPE = rb"\\[bfnrt]|\\u[0-9A-Fa-f]{4}"
"""JSON escape of a control character."""
_GAP = rb"(?:[^A-Za-z0-9]|" + ESCAPE + rb")+"
"""What may stand between a name and its value in serialised bytes, if it has no letter."""
KEY_CHARACTERS = "A-Za-z0-9_+/=.~:|!$%-"
"""Characters of a value that a judge may accept, for a class of a pattern."""
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Start of a token in a text: not after a letter or digit, except that of an escaped line break."""


def atomic_group(pattern: str, name: str) -> str:
    """Return an atomic group: a pattern that does not backtrack once it has matched.

    `(?>...)` and `(...)++` exist for this, but CPython before 3.11.5 matches them wrongly if they
    contain alternatives (its issue 106052), and secrets would pass. They are used on single
    characters only, as in `[a-z]++`.
    """
    return f"(?=(?P<{name}>{pattern}))(?P={name})"


@dataclasses.dataclass(frozen=True)
class KeyRule:
    """Names of secret values.

    `phrases` are separated by `|`. In one, a space stands for any separator or none, `^` for the
    start of a word, `$` for the end of the name. `unless` is a pattern of harmless values.
    With `to_line_end` the value in a text extends to the end of its line. With a `judge` only a
    text of 14 or more `KEY_CHARACTERS` that it accepts is secret, and none in a container.
    """

    name: str
    phrases: str
    unless: str = ""
    to_line_end: bool = False
    pii: bool = False
    judge: Callable[[str], bool] | None = None

    @lazy_property
    def is_harmless(self) -> Callable[[str], object]:
        """Function that matches harmless values: none, a placeholder, and those of `unless`."""
        return re.compile(f"{PLACEHOLDER}|{self.unless}|", re.DOTALL).fullmatch

    @property
    def pattern(self) -> str:
        """Return the pattern that finds a phrase in a normalised name."""
        marks = {"^": r"(?<![^\W_])", "$": r"\d*(?!\w)", " ": "_?"}
        return re.sub(r"[\^$ ]", lambda mark: marks[mark[0]], self.phrases)

    @property
    def anchor(self) -> bytes:
        """Return the pattern that finds a phrase in serialised bytes, with any separators.

        With a judge, a text follows that is long enough for it.
        """
        if self.judge is None:
            return self._anchor(b"", rb"(?:[^A-Za-z]|$)")
        starts = self._anchor(b"", b"")
        return rb"(?:%b)[A-Za-z0-9_.-]*%b[%b]{14}" % (starts, _GAP, KEY_CHARACTERS.encode())

    @property
    def name_anchor(self) -> bytes:
        """Return the pattern that finds a phrase at the end of a name in compact JSON."""
        return self._anchor(rb'":', rb'":')

    @property
    def text_anchor(self) -> bytes:
        """Return the pattern that finds a phrase elsewhere in serialised bytes."""
        return self._anchor(rb'(?:[^"]|"[^:]|"?$)', rb'(?:[^A-Za-z"]|"[^:]|"?$)')

    def _anchor(self, after: bytes, after_end: bytes) -> bytes:
        """Return the pattern that finds a phrase before one pattern, or at a name's end another."""
        return b"|".join(
            _phrase_anchor(phrase) + (after_end if phrase.endswith(b"$") else after)
            for phrase in self.phrases.encode().split(b"|")
        )


def _phrase_anchor(phrase: bytes) -> bytes:
    first, rest = phrase.strip(b"^$")[:1], phrase.strip(b"^$")[1:]
    rest = rest.replace(b" ", rb"(?:[^A-Za-z0-9]|" + ESCAPE + rb")*")
    start = rb"(?i:%b)" % first
    if phrase.startswith(b"^"):
        start = rb"(?:(?:^|[^A-Za-z]|%b|[0-9]m)%b|%b)" % (ESCAPE, start, first.upper())
    return start + rb"(?i:%b)" % rest


@dataclasses.dataclass(frozen=True)
class TextRule:
    """Texts that are secrets themselves.

    `pattern` matches one in linear time; its group `secret`, or the whole match, is masked if
    `judge` accepts it. `anchor` occurs in every text with a match, also after JSON has escaped it.
    """

    name: str
    anchor: str
    pattern: str
    judge: Callable[[re.Match[str]], bool] | None = None
    pii: bool = False

    @lazy_property
    def compiled(self) -> re.Pattern[str]:
        """Compiled pattern."""
        return re.compile(self.pattern)

    @lazy_property
    def search(self) -> Callable[..., re.Match[str] | None]:
        """Search of the compiled pattern."""
        return self.compiled.search

    @lazy_property
    def group(self) -> int:
        """Number of the pattern's group that is masked."""
        return self.compiled.groupindex.get("secret", 0)

    @lazy_property
    def literals(self) -> frozenset[str]:
        """Texts in lower case, one of which is in every match that is ASCII; empty if unknown."""
        return literals(self.pattern)
