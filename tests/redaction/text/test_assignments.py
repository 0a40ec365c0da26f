"""Where a secret's value stands in a text, and where it ends."""

import pytest

from securenet_obs.redaction.rules.rule import KeyRule
from securenet_obs.redaction.text.assignments import SITE, hides, value_end

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
def test_a_value_ends_where_its_writing_ends(text: str, value: str) -> None:
    """In an assignment, JSON, a query, an option; code and stand-ins tell nothing."""
    site = SITE.search(text)
    assert site is not None
    assert text[site.end() : value_end(site, PASSWORD)] == value


def test_a_headers_value_reaches_to_the_end_of_its_line() -> None:
    """A cookie has spaces and semicolons."""
    text = "Cookie: a=1; b=2\nHost: x"
    site = SITE.search(text)
    assert site is not None
    assert text[site.end() : value_end(site, COOKIE)] == "a=1; b=2"


@pytest.mark.parametrize(
    ("value", "secret"), [("hunter2", True), ("", False), ("None", False), ("/etc/pw", False)]
)
def test_a_rules_exceptions_hide_nothing(value: str, secret: bool) -> None:
    """Nor do empty values and names of nothing."""
    assert hides(PASSWORD, value) is secret
