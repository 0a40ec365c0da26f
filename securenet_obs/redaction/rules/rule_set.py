"""The project's rules; compiled sets of rules, which select those for bytes, a name or a text."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from weakref import WeakSet

from securenet_obs.redaction import bounds
from securenet_obs.redaction.rules.commands import COMMAND_RULE, CommandRule
from securenet_obs.redaction.rules.key_rules import KEY_RULES
from securenet_obs.redaction.rules.names import Names
from securenet_obs.redaction.rules.plan import NOTHING, LinePlan, Plan, Selection
from securenet_obs.redaction.rules.prefilter import Prefilter
from securenet_obs.redaction.rules.rule import KeyRule, TextRule
from securenet_obs.redaction.rules.text_rules import TEXT_RULES

Rule = KeyRule | TextRule | CommandRule

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}")

_MAX_SETTLED = 1024
_MAX_SETTLED_LENGTH = 500

RULES: tuple[Rule, ...] = (*TEXT_RULES, *KEY_RULES, COMMAND_RULE)


class RuleSet:
    """Compiled rules; safe to share between threads, and to use in a process that was forked."""

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        chosen = list(rules)
        key_rules = [rule for rule in chosen if isinstance(rule, KeyRule)]
        commands = [rule for rule in chosen if isinstance(rule, CommandRule)]
        self._text_rules = [rule for rule in chosen if isinstance(rule, TextRule)]
        unjudged = [rule for rule in key_rules if rule.judge is None]
        self._kinds: list[Rule] = [*self._text_rules, *key_rules, *commands, *unjudged]
        self._names_start = len(self._kinds) - len(unjudged)
        self._prefilter = self._new_prefilter()
        self._search: Callable[[bytes], Sequence[int]] = self._prefilter.search
        self.command_rules = commands
        """Rules of command lines."""
        self.rule_of = Names(key_rules).rule_of
        self._selection = lru_cache(maxsize=1024)(self._select)
        self._plan = lru_cache(maxsize=256)(self._plan_of)
        self.classify_name = lru_cache(maxsize=8192)(self._classify_name)
        self.line_plan = lru_cache(maxsize=1024)(self._line_plan)
        self._settled: set[str] = set()
        self.is_settled = self._settled.__contains__
        """Function that returns whether no rule changes a masked text any more, if that is known.

        Texts with different secrets are often the same once these are masked.
        """
        _rule_sets.add(self)

    def _new_prefilter(self) -> Prefilter:
        texts, names = self._kinds[: self._names_start], self._kinds[self._names_start :]
        return Prefilter(
            [
                *map(_text_anchor, texts),
                *(rule.name_anchor for rule in names if isinstance(rule, KeyRule)),
            ]
        )

    def reset_in_child(self) -> None:
        """Compile the prefilter anew at the next search.

        The automaton searches without the GIL, under locks of its own: if another thread searched
        at the moment of the fork, the child's next search would wait for ever.
        """
        self._search = self._search_anew

    def _search_anew(self, data: bytes) -> Sequence[int]:
        inherited, self._prefilter = self._prefilter, self._new_prefilter()
        _inherited.append(inherited)
        self._search = self._prefilter.search
        return self._search(data)

    def search(self, data: bytes) -> Sequence[int]:
        """Return the anchors in this JSON or text."""
        return self._search(data)

    def may_match(self, data: bytes) -> bool:
        """Return whether a rule may apply to this JSON or text: False is certain, True is not."""
        return bool(self._search(data))

    def selection(self, text: str) -> Selection:
        """Return the rules that may apply to a text."""
        found = self._search(text.encode("utf-8", "surrogatepass"))
        return self._selection(tuple(found)) if found else NOTHING

    def settle(self, text: str) -> None:
        """Remember that no rule changes a masked text any more."""
        if len(self._settled) >= _MAX_SETTLED:
            self._settled.clear()
        if len(text) <= _MAX_SETTLED_LENGTH:
            self._settled.add(text)

    def _select(self, found: tuple[int, ...]) -> Selection:
        rules = self._rules_of(found)
        return (
            tuple(rule for rule in rules if isinstance(rule, TextRule)),
            any(isinstance(rule, KeyRule) for rule in rules),
            any(isinstance(rule, CommandRule) for rule in rules),
        )

    def plan_for(self, found: Sequence[int]) -> Plan:
        """Return the plan for a value in whose bytes the prefilter has found something."""
        return self._plan(tuple(found))

    def _plan_of(self, found: tuple[int, ...]) -> Plan:
        return Plan(self._rules_of(found), self.selection)

    def _rules_of(self, found: tuple[int, ...]) -> list[Rule]:
        """Return the rules with an anchor that was found, each once."""
        indices = self._prefilter.matching_rules(found)
        return list({id(rule): rule for rule in map(self._kinds.__getitem__, indices)}.values())

    def _classify_name(self, key: str) -> tuple[bool, KeyRule | None]:
        """Return whether a name itself is without secrets, and the rule for values under it."""
        data = key.encode("utf-8", "surrogatepass")
        clean = not self.may_match(data)
        if not clean and _WORD.fullmatch(key):  # only a name's rule: there is no value in it
            texts, _, commands = self.selection(key)
            clean = not texts and not commands
        return clean, self.rule_of(key)

    def _line_plan(self, found: tuple[int, ...], names: tuple[str, ...]) -> LinePlan | None:
        """Return the plan for a line with these anchors and names (cached as `line_plan`).

        It is None if the plan has no words, or if a name may contain a secret or has a meaning: the
        type of a medium, with its slash, and `value` change what is done with their values.
        """
        plan = self.plan_for(found)
        kinds = {name: self.classify_name(name) for name in names}
        if len(names) >= bounds.MAX_VALUES or any(
            not clean or name == "value" or "/" in name for name, (clean, _) in kinds.items()
        ):
            return None
        named = {name: rule for name, (_, rule) in kinds.items() if rule is not None}
        in_texts = tuple(index for index in found if index < self._names_start)
        texts = Plan(self._rules_of(in_texts), self.selection)
        return LinePlan(plan, texts, named) if plan.is_short else None


_rule_sets: WeakSet[RuleSet] = WeakSet()
_inherited: list[Prefilter] = []
"""Prefilters of a parent: their locks may be held, and are not to be destroyed."""


class _Forks:
    """Prepares the rule sets of a process for that of its child."""

    def __init__(self) -> None:
        self._may_be_searching = True

    def before(self) -> None:
        """Note whether a thread other than the one that forks may be searching at this moment."""
        self._may_be_searching = len(sys._current_frames()) > 1

    def in_child(self) -> None:
        """Reset the rule sets, unless no other thread has seen them: it takes 0.1 s."""
        if self._may_be_searching:
            for rule_set in _rule_sets:
                rule_set.reset_in_child()


_forks = _Forks()
os.register_at_fork(before=_forks.before, after_in_child=_forks.in_child)


def anchor_of(rule: Rule) -> bytes:
    """Return the pattern that finds the rule's secrets in serialised bytes."""
    return rule.anchor if isinstance(rule.anchor, bytes) else rule.anchor.encode()


def _text_anchor(rule: Rule) -> bytes:
    """Return the pattern of a rule, but without that of names, which has its own."""
    if isinstance(rule, KeyRule) and rule.judge is None:
        return rule.text_anchor
    return anchor_of(rule)
