"""Redactor of values and texts, with counts by rule, and the project's default instance."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import orjson

from securenet_obs.redaction.lines import LineRedactor
from securenet_obs.redaction.rules.plan import PLAIN_JSON
from securenet_obs.redaction.rules.rule_set import RULES, Rule, RuleSet
from securenet_obs.redaction.sizes import is_small
from securenet_obs.redaction.walk import Walk

_BACKSLASH = ord("\\")
_PLAIN_CONTAINERS = frozenset((dict, list, tuple))


class Redactor(RuleSet):
    """Masks secrets by a set of rules; safe to share between threads.

    Args:
        rules: a service adds its own as `(*RULES, KeyRule("badge", "badge number"))`.
        pii: "strip" also masks the names of people and machines: addresses, hosts, users.
    """

    def __init__(
        self, rules: Iterable[Rule] = RULES, pii: Literal["keep", "strip"] = "keep"
    ) -> None:
        super().__init__(rule for rule in rules if pii == "strip" or not rule.pii)
        self.counts: Counter[str] = Counter()
        """Number of secrets that each rule has masked."""
        self._lines = LineRedactor(self, self.counts)

    def redact(self, value: object) -> object:
        """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise.

        Containers keep their type, but every mapping becomes a dict. An object or an exception with
        a secret in its text becomes that text, masked. Bytes may be a whole JSON line.
        """
        if type(value) is bytes:
            return self.walk(value) if self.may_match(value) else value
        if type(value) not in _PLAIN_CONTAINERS or not is_small(value):
            return self.walk(value)
        try:
            data = orjson.dumps(value, option=PLAIN_JSON)
        except TypeError:  # not plain JSON: it needs the walk
            return self.walk(value)
        found = self.search(data)
        return self.walk(value, data, found) if found else value

    def walk(self, value: object, data: bytes = b"", found: Sequence[int] = ()) -> object:
        """Return `value` without secrets, as `redact` does.

        Args:
            value: the value.
            data: it as JSON.
            found: the anchors in this; without them every rule may apply to the value.
        """
        if not found:
            return Walk(self, counts=self.counts).value(value)
        # In plain ASCII without escapes a word is always spelt as it is.
        if type(value) is dict and data.isascii() and _BACKSLASH not in data:
            line = self.line_plan(tuple(found), tuple(value))
            if line is not None:
                return self._lines.redact(value, line)
        return Walk(self, self.plan_for(found), self.counts).value(value)

    def redact_text(self, text: str) -> str:
        """Return `text` with its secrets replaced by `MASK`; never raise; JSON stays JSON."""
        return str(self.redact(text))


_DEFAULT = Redactor()


def redact(value: object) -> object:
    """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise."""
    return _DEFAULT.redact(value)


def redact_text(text: str) -> str:
    """Return `text` with its secrets replaced by `MASK`; never raise."""
    return _DEFAULT.redact_text(text)
