"""Validation of matches: a harmless text that looks like a secret is not masked."""

import base64
import re
from collections.abc import Callable

import pytest

from securenet_obs.redaction.rules import judges

WHOLE = re.compile(r"(?P<secret>.*)", re.DOTALL)


@pytest.mark.parametrize(
    ("judge", "secret", "harmless"),
    [
        (judges.has_digit, "hunter2", "tokens"),
        (judges.is_mixed, "aB3", "ab3"),
        (judges.is_basic, base64.b64encode(b"ann:x").decode(), "Authentication"),
        (judges.is_jwt, "eyJhbGciOiJI.eyJz.c2ln", "eyJhbGciOiJI"),
        (judges.is_not_dsn, "ghp0123456789abcdef", "0" * 32),
        (judges.is_card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (judges.is_card, "378282246310005", "0000000000000000"),
        (judges.is_ipv6, "2001:db8::1", "12:30:45"),
    ],
)
def test_a_judge_separates_secrets_from_lookalikes(
    judge: Callable[[re.Match[str]], bool], secret: str, harmless: str
) -> None:
    """A checksum, an encoding or a mixture of characters decides."""
    verdicts = [judge(found) for text in (secret, harmless) if (found := WHOLE.fullmatch(text))]
    assert verdicts == [True, False]


def test_an_insert_is_judged_by_its_columns() -> None:
    """A literal in a column with a secret's name is a secret."""
    pattern = re.compile(r"\((?P<columns>.*?)\) (?P<secret>.*)")
    for columns, expected in (("name, password", True), ("name, city", False)):
        found = pattern.fullmatch(f"({columns}) ('a', 'b')")
        assert found is not None
        assert judges.inserts_secret(found) is expected
