"""Masks secrets in a text: JSON documents, tokens, and values that follow a secret's name."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from securenet_obs.redaction import bounds
from securenet_obs.redaction.rules.plan import NOTHING, Plan, Selection
from securenet_obs.redaction.rules.rule import MASK, KeyRule, TextRule
from securenet_obs.redaction.rules.rule_set import RuleSet
from securenet_obs.redaction.rules.values import HARMLESS, is_secret_value
from securenet_obs.redaction.text.assignments import ASSIGNMENT, ESCAPE_REST, PREFIX, value_span
from securenet_obs.redaction.text.command_lines import secrets_in_text
from securenet_obs.redaction.text.json_text import NOT_JSON, read_json, write_like
from securenet_obs.redaction.text.markup import find_values
from securenet_obs.redaction.text.prose import is_prose, is_sentence

_MAX_PASSES = 6
_JSON_STARTS = ("{", "[")
_ARN = re.compile(r"(?<![\w-])arn:aws[\w-]{0,12}:[^\s\"']{0,200}$")
_LETTER = re.compile("[A-Za-z0-9]")
_CLEAN_DISCOUNT = 50  # a text that the prefilter clears costs this many times less than another


class TextSearch:
    """Searches the texts of one call, which share its limits; the base of its walk.

    The walk inherits the search: two objects with references to each other would wait for the
    garbage collector after every line.

    Args:
        rules: the rules to apply.
        plan: selects the texts to which a rule may apply; without it the prefilter does.
        counts: where masks are counted, by rule.
    """

    __slots__ = (
        *("_depth", "_masks", "_rules", "_seen", "_selection", "_text_left", "_values_left"),
        *("counts", "may_apply"),
    )

    def __init__(
        self, rules: RuleSet, plan: Plan | None = None, counts: Counter[str] | None = None
    ) -> None:
        self.counts = Counter() if counts is None else counts
        """Number of masks by rule."""
        self._masks = 0
        self.may_apply = _always if plan is None else plan.may_apply
        self._selection = rules.selection if plan is None else plan.selection
        self._rules = rules
        self._text_left = bounds.MAX_TOTAL_TEXT
        self._values_left = bounds.MAX_VALUES
        self._depth = 0
        self._seen: dict[tuple[int, str], tuple[object, object]] = {}

    def value(self, value: object, rule: KeyRule | None = None) -> Any:
        """Return `value`, such as a JSON document in a text, without secrets."""
        raise NotImplementedError

    def _mask(self, rule: str) -> str:
        self.counts[rule] += 1
        self._masks += 1
        return MASK

    def text(self, text: str) -> str:
        """Return `text` with the secrets in it masked."""
        if self._text_left < 0:
            return self._mask("too_much_text")
        self._text_left -= len(text) // _CLEAN_DISCOUNT
        selection = self._selection(text)
        return text if selection == NOTHING else self.suspect_text(text, selection)

    def suspect_text(self, text: str, selection: Selection) -> str:
        """Return `text` with the secrets masked that the selected rules find in it."""
        size = len(text)
        self._text_left -= size if size < bounds.MAX_TEXT_LENGTH else bounds.MAX_TEXT_LENGTH
        if self._text_left < 0:
            return self._mask("too_much_text")
        if size > bounds.MAX_TEXT_LENGTH:
            head = text[: bounds.MAX_TEXT_LENGTH // 4].rsplit(maxsplit=1)[0]
            return self._search_text(head, selection) + self._mask("too_long")
        return self._search_text(text, selection)

    def _search_text(self, text: str, selection: Selection) -> str:
        """Apply the rules until nothing changes: a mask may expose the edge of another secret."""
        first = text[:1]
        if first in _JSON_STARTS or first.isspace():
            json_text = self._json(text)
            if json_text is not None:
                return json_text
        before, text = text, self._apply_rules(text, selection)
        if text is before or text == before:
            return text
        for _ in range(_MAX_PASSES - 1):
            if self._rules.is_settled(text):
                return text
            before, text = text, self._apply_rules(text, self._rules.selection(text))
            if text == before:
                self._rules.settle(text)
                return text
        return self._mask("unsettled")

    def _apply_rules(self, text: str, selection: Selection) -> str:
        """Apply the selected rules once, unless it is known earlier that nothing else changes."""
        rules, names, commands = selection
        for text_rule in rules:
            match = text_rule.search(text)
            if match is not None:
                text = self._mask_matches(text, text_rule, match)
                if self._rules.is_settled(text):
                    return text
        for rule in self._rules.command_rules if commands else ():
            text = self._mask_spans(text, secrets_in_text(rule, text), rule.name)
        if names:
            text = self._mask_markup(self._mask_assignments(text))
        return text

    def _mask_spans(self, text: str, spans: Iterable[tuple[int, int]], rule: str) -> str:
        parts, done = [], 0
        for start, end in spans:
            if start >= done:
                parts += [text[done:start], self._mask(rule)]
                done = end
        return "".join([*parts, text[done:]])

    def _mask_markup(self, text: str) -> str:
        """Mask the values of elements, and of pairs of attributes, with secret names."""
        if (
            not any(mark in text for mark in ("<", "&lt;", "',", '",'))
            and "value" not in text.lower()
        ):
            return text
        parts, done = [], 0
        for value in find_values(text):
            rule = self._rules.rule_of(value.name)
            if rule is None or value.start < done or is_sentence(value.text):
                continue
            if is_secret_value(rule, value.text):
                parts += [text[done : value.start], self._mask(rule.name)]
                done = value.end
        return "".join([*parts, text[done:]])

    def _mask_matches(self, text: str, rule: TextRule, match: re.Match[str] | None) -> str:
        search, judge, masked, done, masks = rule.search, rule.judge, "", 0, 0
        while match is not None:
            if judge is None or judge(match):
                start, end = match.span(rule.group)
                masked += text[done:start] + MASK
                done = end
                masks += 1
            start, end = match.span()
            match = search(text, end) if end > start else None
        if masks == 0:
            return text
        self.counts[rule.name] += masks
        self._masks += masks
        return masked + text[done:]

    def _json(self, text: str) -> str | None:
        """Return `text` without secrets if it is a JSON object or array, else None."""
        body = text.strip()
        document = read_json(body)
        if document is NOT_JSON:
            return None
        before = self._masks
        clean = self.value(document)
        if self._masks == before:
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
            if harmless := HARMLESS.match(text, start):
                position = harmless.end()
                continue
            start, end = value_span(assignment, rule)
            if end == start:
                position = max(position, end)
                continue
            quote = "" if assignment["open"] else assignment["quote"] or ""
            parts += [text[done:start], quote, self._mask(rule.name), quote]
            done = position = end
        return "".join([*parts, text[done:]])

    def _assignment_rule(self, assignment: re.Match[str]) -> KeyRule | None:
        name = assignment["key"] or assignment["option"]
        rule = self._rules.rule_of(name)
        text, start = assignment.string, assignment.start()
        if rule is None and text[max(0, start - 1) : start] in ("\\", "[", ";"):
            rule = self._rules.rule_of(ESCAPE_REST.sub("", name))
        if rule is None or rule.judge is not None:
            rule = self._rule_of_words(text, start, name) or rule
        if (
            rule is not None
            and rule.judge is not None
            and text[max(0, start - 7) : start].lower() == "public "
        ):
            return None
        if rule is not None and text[start - 1 : start] == ":" and _ARN.search(text, 0, start):
            return None
        if rule is None or rule.judge is None:
            return rule
        # A parameter of a query has a rule of its own.
        in_query = text[max(0, start - 1) : start] in ("?", "&")
        return None if in_query or _LETTER.search(_gap(assignment)) else rule

    def _rule_of_words(self, text: str, start: int, name: str) -> KeyRule | None:
        """Return the rule of a name of several words, as in `API key: ...`, that ends here."""
        if text[max(0, start - 1) : start] not in (" ", "\t"):
            return None
        before = PREFIX.search(text, max(0, start - 60), start)
        words = before[0].split() if before else []
        for count in range(1, len(words) + 1):
            rule = self._rules.rule_of(" ".join([*words[-count:], name]))
            if rule is not None and rule.judge is None:
                return None if self._rules.rule_of(" ".join(words[-count:])) else rule
        return None


def _always(_: str) -> bool:
    """Return True: without a plan, the search itself selects texts."""
    return True


def _gap(assignment: re.Match[str]) -> str:
    """Return the text between the name of an assignment and its value."""
    name = "key" if assignment["key"] else "option"
    return assignment.string[assignment.end(name) : assignment.end()]
