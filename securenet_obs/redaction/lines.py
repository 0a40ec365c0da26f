"""Redacts a line, an object of ASCII texts: most texts by one search, the rest by a walk."""

from collections import Counter
from typing import Any

from securenet_obs.redaction.rules.plan import LinePlan, Plan
from securenet_obs.redaction.rules.rule import MASK
from securenet_obs.redaction.rules.rule_set import RuleSet
from securenet_obs.redaction.rules.values import is_secret_value
from securenet_obs.redaction.text.prose import is_sentence
from securenet_obs.redaction.walk import Walk

_OTHERWISE = frozenset("{[ ")
"""First characters of a text that may be JSON, which is searched in another way."""


class LineRedactor:
    """Redacts lines by a set of rules, and counts masks.

    Args:
        rules: the rules.
        counts: where masks are counted, by rule.
    """

    def __init__(self, rules: RuleSet, counts: Counter[str]) -> None:
        self._rules = rules
        self._counts = counts

    def redact(self, line: dict[str, Any], plan: LinePlan) -> dict[str, Any]:
        """Return a line without secrets, as a walk does; search only its texts with a word."""
        result, named, others = line.copy(), plan.named, []
        for name in plan.suspects(line):
            if name not in named:
                masked = self._masked_once(line[name], plan.texts)
                if masked is None:
                    others.append(name)
                else:
                    result[name] = masked
        for name, rule in named.items():
            item = line[name]
            if type(item) is str and is_secret_value(rule, item) and not is_sentence(item):
                self._counts[rule.name] += 1
                result[name] = MASK
            else:
                others.append(name)
        if others:
            walk = Walk(self._rules, plan.plan, self._counts)
            for name in others:
                if name in named or plan.may_apply(line[name]):
                    result[name] = walk.member(line[name], named.get(name))
        return result

    def _masked_once(self, text: Any, plan: Plan) -> str | None:
        """Return a text with one secret masked, if it is known that it holds no other, else None.

        Texts with different secrets are often the same once these are masked.
        """
        if type(text) is not str or text[0] in _OTHERWISE:
            return None
        for rule in plan.text_rules:
            match = rule.search(text)
            if match is not None and (rule.judge is None or rule.judge(match)):
                start, end = match.span(rule.group)
                masked = text[:start] + MASK + text[end:]
                if self._rules.is_settled(masked):
                    self._counts[rule.name] += 1
                    return masked
                return None
        return None
