"""Judgement of the value of a secret name."""

import pytest

from securenet_obs.redaction import KEY_RULES
from securenet_obs.redaction.rules.names import Names
from securenet_obs.redaction.rules.values import HARMLESS_VALUES, is_secret_value
from tests.costs import cost_of

NAMES = Names(KEY_RULES)
UUID = "0b7de9f2-c4a9-4c9d-9a3c-f3f3d1f0e6aa"


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("password", "hunter2", True),
        ("password", "12345", True),
        ("pass", "12", False),
        ("password", "missing", False),
        ("secret_id", UUID, False),
        ("client_secret", UUID, True),
        ("token_sha256", "0b" * 32, False),
        ("password_hash", "0b" * 32, True),
        ("credentials", "3", False),
        ("token", "TOKEN_EXPIRED", False),
        ("password", "TOKEN_EXPIRED", True),
        ("auth", "host-a.example.local", False),
        ("token", "host-a.example.local", True),
        ("sid", "AWSCloudTrailAclCheck", False),
        ("connect.sid", "abcdef", True),
        ("datadog", "enabled", False),
    ],
)
def test_a_value_is_judged_with_its_name(name: str, value: str, secret: bool) -> None:
    """Prose, counts, enumerations and identifiers are harmless under the names they belong to."""
    rule = NAMES.rule_of(name)
    assert rule is not None
    assert is_secret_value(rule, value) is secret


def test_every_row_names_rules_that_exist() -> None:
    """A row for a rule that was renamed would have no effect."""
    rules = {rule.name for rule in KEY_RULES}
    assert {name for row in HARMLESS_VALUES for name in row.rules.split()} <= rules


def test_white_space_takes_linear_time() -> None:
    """A secret of white space with an end costs a log line no seconds."""
    rule = KEY_RULES[0]
    for text in (" " * 200_000 + "x", "x" + " " * 200_000 + "x", "\t\n" * 100_000 + "x\x00"):
        assert is_secret_value(rule, text)
        assert cost_of(lambda text=text: is_secret_value(rule, text)) < 50
