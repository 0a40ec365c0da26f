"""Masks secrets in a text: JSON documents, tokens, and values that follow a secret's name."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from securenet_obs.redaction import bounds
from securenet_obs.redaction.rules.rule import MASK, KeyRule, TextRule
from securenet_obs.redaction.rules.rule_set import RuleSet
from securenet_obs.redaction.text.assignments import ASSIGNMENT, ESCAPE_REST, HARMLESS, value_end
from securenet_obs.redaction.text.json_text import NOT_JSON, read_json, write_like
from securenet_obs.redaction.text.prose import is_prose

_MAX_PASSES = 6
_CLEAN_DISCOUNT = 50  # a text that the prefilter clears costs this many times less than another


class TextSearch:
    """Searches the texts of one call, which share its limits.

    Args:
        rules: the rules to apply.
        counts: number of masks by rule, which the search increments.
        document: function that masks a JSON document found in a text.
    """

    def __init__(
        self, rules: RuleSet, counts: Counter[str], document: Callable[[Any], Any]
    ) -> None:
        self._rules = rules
        self._counts = counts
        self._document = document
        self._text_left = bounds.MAX_TOTAL_TEXT

    def _mask(self, rule: str) -> str:
        self._counts[rule] += 1
        return MASK

    def text(self, text: str) -> str:
        """Return `text` with the secrets in it masked."""
        if self._text_left < 0:
            return self._mask("too_much_text")
        self._text_left -= len(text) // _CLEAN_DISCOUNT
        if not self._rules.may_match(text.encode("utf-8", "surrogatepass")):
            return text
        self._text_left -= min(len(text), bounds.MAX_TEXT_LENGTH)
        if self._text_left < 0:
            return self._mask("too_much_text")
        if len(text) > bounds.MAX_TEXT_LENGTH:
            head = text[: bounds.MAX_TEXT_LENGTH // 4].rsplit(maxsplit=1)[0]
            return self._search_text(head) + self._mask("too_long")
        return self._search_text(text)

    def _search_text(self, text: str) -> str:
        """Apply the rules until nothing changes: a mask may expose the edge of another secret."""
        json_text = self._json(text)
        if json_text is not None:
            return json_text
        for _ in range(_MAX_PASSES):
            before, text = text, self._apply_rules(text)
            if text == before:
                return text
        return self._mask("unsettled")

    def _apply_rules(self, text: str) -> str:
        rules, names = self._rules.rules_for(text.encode("utf-8", "surrogatepass"))
        for rule in rules:
            text = re.sub(rule.pattern, partial(self._mask_match, rule), text)
        return self._mask_assignments(text) if names else text

    def _mask_match(self, rule: TextRule, match: re.Match[str]) -> str:
        if rule.judge is not None and not rule.judge(match):
            return match[0]
        start, end = match.span("secret" if "secret" in match.re.groupindex else 0)
        offset = match.start()
        return match[0][: start - offset] + self._mask(rule.name) + match[0][end - offset :]

    def _json(self, text: str) -> str | None:
        """Return `text` without secrets if it is a JSON object or array, else None."""
        body = text.strip()
        document = read_json(body)
        if document is NOT_JSON:
            return None
        before = self._counts.total()
        clean = self._document(document)
        if self._counts.total() == before:
            return text
        start = text.index(body)
        return text[:start] + write_like(body, clean) + text[start + len(body) :]

    def _mask_assignments(self, text: str) -> str:
        """Mask the values that follow secret names in a text."""
        parts, done, position = [], 0, 0
        while assignment := ASSIGNMENT.search(text, position):
            position = start = assignment.end()
            rule = self._assignment_rule(assignment)
            if rule is None or is_prose(assignment, rule):
                continue
            harmless = HARMLESS.match(text, start)
            end = harmless.end() if harmless else value_end(assignment, rule)
            if harmless or end == start:
                position = end
                continue
            quote = "" if assignment["open"] else assignment["quote"] or ""
            parts += [text[done:start], quote, self._mask(rule.name), quote]
            done = position = end
        return "".join([*parts, text[done:]])

    def _assignment_rule(self, assignment: re.Match[str]) -> KeyRule | None:
        name = assignment["key"] or assignment["option"]
        rule = self._rules.rule_of(name)
        before = assignment.string[max(0, assignment.start() - 1) : assignment.start()]
        if rule is None and before in ("\\", "[", ";"):
            rule = self._rules.rule_of(ESCAPE_REST.sub("", name))
        return rule
