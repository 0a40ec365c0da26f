"""What a rule is: names whose value is secret, and texts that are secret in themselves."""

import dataclasses
import re
from collections.abc import Callable

MASK = "[redacted]"

NUMBER = r"[-+]?\d{1,18}(?:\.\d{1,18})?"
ESCAPE = rb"\\[bfnrt]|\\u[0-9A-Fa-f]{4}"
"""What JSON writes in place of a control character."""
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""Before a token in a text: no letter, unless it is that of an escaped line break."""


def committed(pattern: str, name: str) -> str:
    """Return a pattern that gives nothing back once it has matched.

    That is what `(?>...)` and `(...)++` are for, but CPython before 3.11.5 matches them wrongly
    where there are alternatives within (its issue 106052), and secrets would pass. They are used
    on single characters only, as in `[a-z]++`.
    """
    return f"(?=(?P<{name}>{pattern}))(?P={name})"


@dataclasses.dataclass(frozen=True)
class KeyRule:
    """Names whose value is secret.

    `phrases` are separated by `|`. In one, a space stands for any separator or none, `^` for the
    start of a word, `$` for the end of the name. `unless` is a pattern of harmless values.
    With `to_line_end` the value in a text reaches to the end of its line.
    """

    name: str
    phrases: str
    unless: str = ""
    to_line_end: bool = False
    pii: bool = False

    @property
    def pattern(self) -> str:
        """Return what finds a phrase in a normalised name."""
        marks = {"^": r"(?<![^\W_])", "$": r"\d*(?!\w)", " ": "_?"}
        return re.sub(r"[\^$ ]", lambda mark: marks[mark[0]], self.phrases)

    @property
    def anchor(self) -> bytes:
        """Return what finds a phrase in serialised bytes, whatever separates its words."""
        return b"|".join(map(_phrase_anchor, self.phrases.encode().split(b"|")))


def _phrase_anchor(phrase: bytes) -> bytes:
    first, rest = phrase.strip(b"^$")[:1], phrase.strip(b"^$")[1:]
    rest = rest.replace(b" ", rb"(?:[^A-Za-z0-9]|" + ESCAPE + rb")*")
    start = rb"(?i:%b)" % first
    if phrase.startswith(b"^"):
        start = rb"(?:(?:^|[^A-Za-z]|%b|[0-9]m)%b|%b)" % (ESCAPE, start, first.upper())
    return start + rb"(?i:%b)" % rest + (rb"(?:[^A-Za-z]|$)" if phrase.endswith(b"$") else b"")


@dataclasses.dataclass(frozen=True)
class TextRule:
    """Texts that are secret in themselves.

    `pattern` matches one in linear time; its group `secret`, or all of it, is masked if `judge`
    agrees. `anchor` is found in whatever holds a match once JSON has escaped it.
    """

    name: str
    anchor: str
    pattern: str
    judge: Callable[[re.Match[str]], bool] | None = None
    pii: bool = False


Rule = KeyRule | TextRule
