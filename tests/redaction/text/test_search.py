"""The search of a text, and its running time."""

import json

import pytest

from securenet_obs.redaction import (
    MASK,
    redact_text,
)
from tests.costs import cost_of
from tests.redaction.samples import PEM, Unfiltered


def test_nested_json_in_strings_stays_json() -> None:
    """JSON in a string within JSON is masked at every level, and keeps its style."""
    inner = {"password": 'a"b', "n": [1, 1.5, None], "ü": "\n"}
    body = json.dumps(inner).replace("pass", "p\\u0061ss")
    text = json.dumps({"body": body, "headers": {"Cookie": "a=b"}}, indent=2)
    masked = json.loads(redact_text(text))
    assert json.loads(masked["body"]) == inner | {"password": MASK}
    assert masked["headers"] == {"Cookie": MASK}
    assert redact_text(text).startswith('{\n  "body": ')
    assert redact_text('{"token":"x1","a":1}') == f'{{"token":"{MASK}","a":1}}'
    assert redact_text('{"a": "Bearer abcdefgh1", "a": 1, "pass\\u0077ord": "x1"}') == (
        f'{{"a": "Bearer {MASK}", "a": 1, "password": "{MASK}"}}'
    )
    assert redact_text('{"token": "x1", "a": 1e400, "b": 1.50}') == (
        f'{{"token": "{MASK}", "a": 1e400, "b": 1.50}}'
    )


SIZE = 40_000


HOSTILE_TEXTS = {
    "word": "a", "scheme": "a://", "url": "://a:", "at": "://a:b@", "key": "password",
    "keys": "password=", "equals": "=", "lines": "password=\n", "quotes": "password='",
    "escaped": "password=\\'", "brackets": "secret=[", "json": '{"password":', "pem": PEM[:31],
    "jwt": "eyJ", "jwts": "eyJaaaaaaaaaa.", "bearer": "bearer ", "digits": "4", "cards": "4111 ",
    "parameters": "[parameters: ", "insert": "insert into a (", "entity": "&quot;",
    "values": "insert into a (token) values ", "row": "Failing row contains (",
    "option": "--password ", "cookie": 'cookie:a="', "email": "a@", "hosts": "a.",
    "addresses": "1:", "numbers": "1.", "names": "a-", "colours": "\x1b[1",
}  # fmt: skip


HOSTILE_ENDS = [
    "",
    "password",
    "secret=[",
    'cookie:a="',
    "://a:b@c",
    PEM[:31],
    "bearer ",
    "[parameters: (",
]


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_no_text_makes_a_pattern_backtrack(piece: str) -> None:
    """A hostile text takes time in proportion to its length, with every rule on."""
    redactor = Unfiltered(pii="strip")
    texts = [end + piece * (SIZE // len(piece) // 8) for end in HOSTILE_ENDS]
    # A time in proportion to the square of the length is above it, fifteen units or less below.
    assert cost_of(lambda: redactor.redact(texts)) < 400


@pytest.mark.slow
def test_no_run_of_backslashes_makes_a_pattern_backtrack() -> None:
    """Runs of every length up to 600 before a quote take linear time."""
    redactor = Unfiltered(pii="strip")
    text = "".join("password=" + "\\" * n + '"' for n in range(600))
    assert cost_of(lambda: redactor.redact(text)) < 400
