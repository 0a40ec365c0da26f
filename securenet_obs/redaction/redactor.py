"""Redactor of values and texts, with counts by rule, and the project's default instance."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import orjson

from securenet_obs.redaction.rules.prefilter import PLAIN_CONTAINERS, is_small
from securenet_obs.redaction.rules.rule import Rule
from securenet_obs.redaction.rules.rule_set import RULES, RuleSet
from securenet_obs.redaction.walk import Walk

_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


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

    def redact(self, value: object) -> object:
        """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise.

        Containers keep their type, but every mapping becomes a dict. An object or an exception with
        a secret in its text becomes that text, masked. Bytes may be a whole JSON line.
        """
        if self._is_clean(value):
            return value
        walk = Walk(self)
        result = walk.value(value)
        self.counts.update(walk.counts)
        return result

    def redact_text(self, text: str) -> str:
        """Return `text` with its secrets replaced by `MASK`; never raise; JSON stays JSON."""
        return str(self.redact(text))

    def _is_clean(self, value: object) -> bool:
        if type(value) is bytes:
            return not self.may_match(value)
        if type(value) not in PLAIN_CONTAINERS:
            return False
        try:
            data = orjson.dumps(value, option=_PLAIN) if is_small(value) else None
        except TypeError:  # not plain JSON: it needs the walk
            return False
        return data is not None and not self.may_match(data)


_DEFAULT = Redactor()


def redact(value: object) -> object:
    """Return `value`, or a copy in which secrets are replaced by `MASK`; never raise."""
    return _DEFAULT.redact(value)


def redact_text(text: str) -> str:
    """Return `text` with its secrets replaced by `MASK`; never raise."""
    return _DEFAULT.redact_text(text)
