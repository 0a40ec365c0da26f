"""Searches a text for secrets: embedded JSON, tokens, and values after a secret's name."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from securenet_obs.redaction import bounds
from securenet_obs.redaction.rules.rule import MASK, KeyRule, TextRule
from securenet_obs.redaction.rules.rule_set import RuleSet
from securenet_obs.redaction.text.assignments import GLUED, HARMLESS, SITE, value_end
from securenet_obs.redaction.text.json_text import NOT_JSON, read_json, written_like
from securenet_obs.redaction.text.prose import is_prose

_MOST_PASSES = 6
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
        self._text_left = bounds.MOST_TEXT

    def _mask(self, rule: str) -> str:
        self._counts[rule] += 1
        return MASK

    def text(self, text: str) -> str:
        """Return `text` with the secrets in it masked."""
        if self._text_left < 0:
            return self._mask("too_much_text")
        self._text_left -= len(text) // _CLEAN_DISCOUNT
        if not self._rules.suspects(text.encode("utf-8", "surrogatepass")):
            return text
        self._text_left -= min(len(text), bounds.LONGEST_TEXT)
        if self._text_left < 0:
            return self._mask("too_much_text")
        if len(text) > bounds.LONGEST_TEXT:
            head = text[: bounds.LONGEST_TEXT // 4].rsplit(maxsplit=1)[0]
            return self._searched(head) + self._mask("too_long")
        return self._searched(text)

    def _searched(self, text: str) -> str:
        """Apply the rules until nothing changes: a mask may expose the edge of another secret."""
        json_text = self._json(text)
        if json_text is not None:
            return json_text
        for _ in range(_MOST_PASSES):
            before, text = text, self._pass(text)
            if text == before:
                return text
        return self._mask("unsettled")

    def _pass(self, text: str) -> str:
        rules, names = self._rules.rules_for(text.encode("utf-8", "surrogatepass"))
        for rule in rules:
            text = re.sub(rule.pattern, partial(self._replaced, rule), text)
        return self._masked_sites(text) if names else text

    def _replaced(self, rule: TextRule, match: re.Match[str]) -> str:
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
        return text[:start] + written_like(body, clean) + text[start + len(body) :]

    def _masked_sites(self, text: str) -> str:
        """Mask the values that follow secret names in a text."""
        parts, done, position = [], 0, 0
        while site := SITE.search(text, position):
            position = start = site.end()
            rule = self._site_rule(site)
            if rule is None or is_prose(site, rule):
                continue
            harmless = HARMLESS.match(text, start)
            end = harmless.end() if harmless else value_end(site, rule)
            if harmless or end == start:
                position = end
                continue
            quote = "" if site["open"] else site["quote"] or ""
            parts += [text[done:start], quote, self._mask(rule.name), quote]
            done = position = end
        return "".join([*parts, text[done:]])

    def _site_rule(self, site: re.Match[str]) -> KeyRule | None:
        name = site["key"] or site["option"]
        rule = self._rules.rule_of(name)
        before = site.string[max(0, site.start() - 1) : site.start()]
        if rule is None and before in ("\\", "[", ";"):
            rule = self._rules.rule_of(GLUED.sub("", name))
        return rule
