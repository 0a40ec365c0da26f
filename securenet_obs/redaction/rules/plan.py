"""Plan for one value: rules that its bytes may match; the selection of them for each text."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import orjson

from securenet_obs.redaction.rules.commands import CommandRule
from securenet_obs.redaction.rules.rule import KeyRule, TextRule

Selection = tuple[Sequence[TextRule], bool, bool]
"""Text rules that may apply to a text, whether a key rule may, and whether a command rule may."""
NOTHING: Selection = ((), False, False)

PLAIN_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
"""Option to serialise only plain values: others have to be walked."""
_MAX_RULES = 8
_MAX_LITERALS = 16
_JSON = "{["
_FLAT = frozenset((str, int, float, bool, type(None)))


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
        self.text_rules = tuple(rule for rule in rules if isinstance(rule, TextRule))
        """Rules of texts."""
        words = _shortest(_first_words(rule for rule in rules if isinstance(rule, KeyRule)))
        found = [rule.literals for rule in self.text_rules]
        every = _shortest({*words, *(text for texts in found for text in texts)})
        self.is_short = (
            all(found)
            and len(rules) <= _MAX_RULES
            and len(every) <= _MAX_LITERALS
            and "" not in every
            and not any(isinstance(rule, CommandRule) for rule in rules)
        )
        """Whether the words are known."""
        self.words = every if self.is_short else ()
        """Words, one of which is in every text to which a rule applies; empty if unknown."""
        self._has_word = _finder(words)
        self.may_apply = _finder(every) if self.is_short else self._may_select
        """Function that returns whether a rule may apply to a text: False is certain."""

    def selection(self, text: str) -> Selection:
        """Return the rules that may apply to a text."""
        if self.is_short:
            return self.text_rules, self._has_word(text), False
        return self._select(text)

    def _may_select(self, text: str) -> bool:
        return self._select(text) != NOTHING


class LinePlan:
    """Plan for a line: an object of ASCII without escapes, whose names have no secret in them.

    Args:
        plan: the plan for a value in it.
        texts: the plan for a text in it: without rules that apply to the line's names only.
        named: the names of secret values, with their rules.
    """

    def __init__(self, plan: Plan, texts: Plan, named: dict[str, KeyRule]) -> None:
        self.plan = plan
        self.texts = texts
        self.named = named
        self.suspects = _suspects(texts.words)
        """Function that returns the names of the values of a line that may have a secret."""
        self._words = [word.encode() for word in plan.words]

    def may_apply(self, value: object) -> bool:
        """Return whether a rule may apply to a value: False is certain for a container."""
        if type(value) is not dict and type(value) is not list:
            return True
        try:
            data = orjson.dumps(value, option=PLAIN_JSON).lower()
        except TypeError:  # not plain JSON
            return True
        return any(word in data for word in self._words)


def _suspects(words: tuple[str, ...]) -> Callable[[dict[str, Any]], list[str]]:
    """Return a function that returns the names of texts with a word, and of other values.

    With a loop over one word, or none, it would take half as long again.
    """
    if not words:
        return _without_texts
    if len(words) > 1:
        return partial(_with_words, words)
    return partial(_with_sign if words[0].upper() == words[0] else _with_word, words[0])


def _without_texts(line: dict[str, Any]) -> list[str]:
    return [name for name, item in line.items() if type(item) not in _FLAT]


def _with_sign(sign: str, line: dict[str, Any]) -> list[str]:
    return [
        name
        for name, item in line.items()
        if (sign in item if type(item) is str else type(item) not in _FLAT)
    ]


def _with_word(word: str, line: dict[str, Any]) -> list[str]:
    return [
        name
        for name, item in line.items()
        if (word in item.lower() if type(item) is str else type(item) not in _FLAT)
    ]


def _with_words(words: tuple[str, ...], line: dict[str, Any]) -> list[str]:
    names = []
    for name, item in line.items():
        if type(item) is str:
            lower = item.lower()
            for word in words:
                if word in lower:
                    names.append(name)
                    break
        elif type(item) not in _FLAT:
            names.append(name)
    return names


def _word_finder(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a function that returns whether a text contains one of the words."""

    def has_word(text: str) -> bool:
        for word in words:  # noqa: SIM110 half as long as `any`
            if word in text:
                return True
        return False

    return has_word


def _first_words(rules: Iterable[KeyRule]) -> set[str]:
    """Return first words of names that may occur; one of them is in every text with a name."""
    return {
        re.split(r"[ $]", phrase.lstrip("^"))[0]
        for rule in rules
        for phrase in rule.phrases.lower().split("|")
    }


def _shortest(words: set[str]) -> tuple[str, ...]:
    """Return the words that do not contain another one."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(shorter in word for shorter in kept):
            kept.append(word)
    return tuple(kept)


def _finder(words: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a function that returns whether a text may contain one of the words.

    A text that may be JSON or is not ASCII may contain them in another form.
    """

    def may_contain(text: str) -> bool:
        first = text[:1]
        if first <= " " or first in _JSON or not text.isascii():
            return words != ()
        return has_word(text.lower())

    has_word = _word_finder(words)
    return may_contain
