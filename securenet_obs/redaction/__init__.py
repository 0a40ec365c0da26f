"""Masks secrets in values, texts and byte streams, by rules and in bounded work.

A rule is data. A `KeyRule` matches names of secret values, in a mapping and before `=` or `:` in a
text; a `TextRule` matches texts that are secrets; a `CommandRule` lists programs with the arguments
that are secret. The value decides, too: prose, counts and public identifiers stay.

Each rule has an anchor: a pattern without look-around that occurs in the serialised bytes wherever
the rule applies. All anchors together form a prefilter, which clears a log line without secrets in
about a microsecond. In another line only the fields with a literal of those rules are walked.

Deliberately not masked: the public key of a Sentry DSN (it only permits sending, and identifies the
project; a legacy DSN's secret half is masked), ids of keys, page tokens, references like
`secret:NAME`.
"""

from securenet_obs.redaction.bounds import MAX_DEPTH, MAX_TEXT_LENGTH, MAX_TOTAL_TEXT, MAX_VALUES
from securenet_obs.redaction.redactor import Redactor, redact, redact_text
from securenet_obs.redaction.rules.commands import COMMAND_RULE, Command, CommandRule
from securenet_obs.redaction.rules.key_rules import KEY_RULES
from securenet_obs.redaction.rules.rule import MASK, KeyRule, TextRule
from securenet_obs.redaction.rules.rule_set import RULES, Rule
from securenet_obs.redaction.rules.text_rules import TEXT_RULES

__all__ = [
    "COMMAND_RULE",
    "KEY_RULES",
    "MASK",
    "MAX_DEPTH",
    "MAX_TEXT_LENGTH",
    "MAX_TOTAL_TEXT",
    "MAX_VALUES",
    "RULES",
    "TEXT_RULES",
    "Command",
    "CommandRule",
    "KeyRule",
    "Redactor",
    "Rule",
    "TextRule",
    "redact",
    "redact_text",
]
