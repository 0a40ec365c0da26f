"""Plan for one value: rules that its bytes may match; the selection of them for each text."""

import re
from collections.abc import Callable, Iterable, Sequence

from securenet_obs.redaction.rules.commands import CommandRule
from securenet_obs.redaction.rules.rule import KeyRule, TextRule

Selection = tuple[Sequence[TextRule], bool, bool]
"""Text rules that may apply to a text, whether a key rule may, and whether a command rule may."""
NOTHING: Selection = ((), False, False)

_MAX_RULES = 8
_MAX_LITERALS = 16
_JSON = "{["


class Plan:
    """The rules with an anchor in a value's bytes: only they may apply to a text in it.

    Args:
        rules: those rules.
        select: returns the selection for a text by the prefilter; for rules without literals.
    """

    def __init__(
        self,
        rules: Sequence[KeyRule | TextRule | CommandRule],
        select: Callable[[str], Selection],
    ) -> None:
        self._select = select
        self._text_rules = tuple(rule for rule in rules if isinstance(rule, TextRule))
        words = _shortest(_first_words(rule for rule in rules if isinstance(rule, KeyRule)))
        found = [rule.literals for rule in self._text_rules]
        every = _shortest({*words, *(text for texts in found for text in texts)})
        self._is_short = (
            all(found)
            and len(rules) <= _MAX_RULES
            and len(every) <= _MAX_LITERALS
            and "" not in every
            and not any(isinstance(rule, CommandRule) for rule in rules)
        )
        self.words = every if self._is_short else ()
        """Words, one of which is in every text to which a rule applies; empty if unknown."""
        self._has_word = _finder(words)
        self.may_apply = _finder(every) if self._is_short else self._may_select
        """Function that returns whether a rule may apply to a text: False is certain."""

    def selection(self, text: str) -> Selection:
        """Return the rules that may apply to a text."""
        if self._is_short:
            return self._text_rules, self._has_word(text), False
        return self._select(text)

    def _may_select(self, text: str) -> bool:
        return self._select(text) != NOTHING


def _first_words(rules: Iterable[KeyRule]) -> set[str]:
    """Return first words of names that may occur; one of them is in every text with a name."""
    return {
        re.split(r"[ $]", phrase.lstrip("^"))[0]
        for rule in rules
        for phrase in rule.phrases.lower().split("|")
    }


def _shortest(words: set[str]) -> tuple[str, ...]:
    """Return the words that do not contain another one."""
    return tuple(word for word in words if not any(o in word for o in words - {word}))


def _finder(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a function that returns whether a text may contain one of the words.

    A text that may be JSON or is not ASCII may contain them in another form.
    """

    def may_contain(text: str) -> bool:
        first = text[:1]
        if first <= " " or first in _JSON or not text.isascii():
            return words != ()
        lower = text.lower()
        for word in words:  # noqa: SIM110 half as long as `any`
            if word in lower:
                return True
        return False

    return may_contain
