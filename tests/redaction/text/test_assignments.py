"""Start and end of a secret's value in a text."""

import pytest

from securenet_obs.redaction.rules.rule import KeyRule
from securenet_obs.redaction.rules.values import is_secret_value
from securenet_obs.redaction.text.assignments import ASSIGNMENT, value_span

PASSWORD = KeyRule("password", "password", unless=r"/.*")
COOKIE = KeyRule("cookie", "cookie", to_line_end=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password=hunter2 next", "hunter2"),
        ("password: 'hunter 2', x", "hunter 2"),
        ('{"password": "hunter2"}', "hunter2"),
        ("?password=hunter2&x=1", "hunter2"),
        ("--password hunter2 --x", "hunter2"),
        ("password=[1, [2], 3] x", "[1, [2], 3]"),
        ("password=get_password()", ""),
        ("password=password", ""),
        ("password=***", ""),
    ],
)
def test_a_value_ends_by_its_notation(text: str, value: str) -> None:
    """Assignments, JSON, queries and options have ends; code and placeholders are not secret."""
    assignment = ASSIGNMENT.search(text)
    assert assignment is not None
    assert text[slice(*value_span(assignment, PASSWORD))] == value


def test_a_headers_value_ends_with_its_line() -> None:
    """A cookie contains spaces and semicolons."""
    text = "Cookie: a=1; b=2\nHost: x"
    assignment = ASSIGNMENT.search(text)
    assert assignment is not None
    assert text[slice(*value_span(assignment, COOKIE))] == "a=1; b=2"


@pytest.mark.parametrize(
    ("value", "secret"), [("hunter2", True), ("", False), ("None", False), ("/etc/pw", False)]
)
def test_exceptions_of_a_rule_are_not_secret(value: str, secret: bool) -> None:
    """Empty values and placeholders are not secret either."""
    assert is_secret_value(PASSWORD, value) is secret
