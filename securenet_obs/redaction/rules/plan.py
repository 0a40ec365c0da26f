"""Selects the texts of one value in which a rule may apply, from the rules found in its bytes."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from functools import cached_property

from securenet_obs.redaction.rules.commands import CommandRule
from securenet_obs.redaction.rules.rule import KeyRule, TextRule

_MAX_RULES = 8
_JSON = "{["


@dataclasses.dataclass(frozen=True)
class Plan:
    """The rules whose anchors occur in a value's bytes: only they may apply to a text in it."""

    rules: tuple[KeyRule | TextRule | CommandRule, ...]

    @cached_property
    def _is_long(self) -> bool:
        return len(self.rules) > _MAX_RULES

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """First words of the names that may occur; one of them is in every text with a name."""
        found = {
            re.split(r"[ $]", phrase.lstrip("^"))[0]
            for rule in self.rules
            if isinstance(rule, KeyRule)
            for phrase in rule.phrases.lower().split("|")
        }
        return tuple(word for word in found if not any(o in word for o in found - {word}))

    @cached_property
    def _searches(self) -> Sequence[Callable[[str], object]]:
        return [rule.compiled.search for rule in self.rules if not isinstance(rule, KeyRule)]

    def may_apply(self, text: str) -> bool:
        """Return whether a rule may apply to this text: False is certain, True is not."""
        first = text[:1]
        if self._is_long or first <= " " or first in _JSON or not text.isascii():
            return True
        lower = text.lower()
        for word in self._words:
            if word in lower:
                return True
        for search in self._searches:  # noqa: SIM110 half as long as `any`
            if search(text):
                return True
        return False
