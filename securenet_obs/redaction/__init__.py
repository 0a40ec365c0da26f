"""Masks secrets in values and text; pure, total, bounded.

A rule is data. `KeyRule` says which names hold a secret, in a mapping and before `=` or `:` in a
text; `TextRule` which texts are one. Each rule brings an anchor: a pattern without look-around that
is found in the serialised bytes wherever the rule applies. All anchors together are a prefilter,
which tells in about a microsecond that a log line holds nothing; only the rest is walked.

Kept on purpose: the public key of a Sentry DSN (it only lets one send, and tells which project is
meant; a legacy DSN's secret half goes), ids of keys, page tokens, references like `secret:NAME`.
"""

from securenet_obs.redaction.bounds import DEEPEST, LONGEST_TEXT, MOST_TEXT, MOST_VALUES
from securenet_obs.redaction.key_rules import KEY_RULES
from securenet_obs.redaction.redactor import Redactor, redact, redact_text
from securenet_obs.redaction.rule import MASK, KeyRule, Rule, TextRule
from securenet_obs.redaction.rule_set import RULES
from securenet_obs.redaction.text_rules import TEXT_RULES

__all__ = [
    "DEEPEST",
    "KEY_RULES",
    "LONGEST_TEXT",
    "MASK",
    "MOST_TEXT",
    "MOST_VALUES",
    "RULES",
    "TEXT_RULES",
    "KeyRule",
    "Redactor",
    "Rule",
    "TextRule",
    "redact",
    "redact_text",
]
