"""Compiles redaction rules; looks up those that may apply to serialised bytes or to a name."""

from collections.abc import Iterable
from functools import lru_cache

from securenet_obs.redaction.rules.key_rules import KEY_RULES
from securenet_obs.redaction.rules.names import Names
from securenet_obs.redaction.rules.prefilter import Prefilter
from securenet_obs.redaction.rules.rule import KeyRule, Rule, TextRule
from securenet_obs.redaction.rules.text_rules import TEXT_RULES

RULES: tuple[Rule, ...] = (*TEXT_RULES, *KEY_RULES)


class RuleSet:
    """Compiled rules; safe to share between threads."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        chosen = list(rules)
        key_rules = [rule for rule in chosen if isinstance(rule, KeyRule)]
        self._text_rules = [rule for rule in chosen if isinstance(rule, TextRule)]
        self._prefilter = Prefilter([*self._text_rules, *key_rules])
        self._search = self._prefilter.search
        self.rule_of = Names(key_rules).rule_of
        self.classify_name = lru_cache(maxsize=8192)(self._classify_name)

    def may_match(self, data: bytes) -> bool:
        """Return whether a rule may apply to this JSON or text: False is certain, True is not."""
        return bool(self._search(data))

    def rules_for(self, data: bytes) -> tuple[list[TextRule], bool]:
        """Return the text rules that may apply, and whether a key rule may."""
        indices = self._prefilter.matching_rules(data)
        count = len(self._text_rules)
        return [self._text_rules[i] for i in indices if i < count], any(i >= count for i in indices)

    def _classify_name(self, key: str) -> tuple[bool, KeyRule | None]:
        """Return whether a name itself is without secrets, and the rule for values under it."""
        clean = not self.may_match(key.encode("utf-8", "surrogatepass"))
        return clean, None if clean else self.rule_of(key)
