"""Masking by value: every encoding of a known secret is masked, and no lookalike."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.redaction import MASK
from securenet_obs.runner.evidence.masking import Masker, masker_for
from securenet_obs.runner.notebook.parameters.secret import Secret

VALUE = "pä/ss+w&o=r<d>'\"\\\n1%"
SPELLINGS: list[Callable[[str], str]] = [
    str,
    repr,
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    html.escape,
    urllib.parse.quote,
    lambda text: urllib.parse.quote(text, safe="").lower(),
    urllib.parse.quote_plus,
    lambda text: text.encode().hex(),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(b"x" + text.encode()).decode(),
    lambda text: base64.b64encode(b"xy" + text.encode() + b"z").decode(),
]


@pytest.mark.parametrize("spell", SPELLINGS)
def test_every_spelling_is_masked(spell: Callable[[str], str]) -> None:
    """The mask replaces the value in every encoding."""
    masked = Masker([VALUE]).exact(f"before {spell(VALUE)} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "ss+w" not in masked


@given(st.text(min_size=6, max_size=40), st.binary(max_size=5), st.binary(max_size=5))
def test_no_base64_of_a_value_is_left(value: str, before: bytes, after: bytes) -> None:
    """The encoding of a value is masked at every offset within encoded bytes."""
    raw = value.encode("utf-8", "surrogateescape") if value.isprintable() else b""
    if not raw:
        return
    text = base64.b64encode(before + raw + after).decode()
    assert MASK in Masker([value]).exact(text)


def test_values_come_from_the_environment_and_the_references() -> None:
    """Secret settings, secret-like names, passwords in URLs and referenced secrets are masked."""
    environment = {
        "SENTRY_AUTH_TOKEN": "sentry-value", "MY_API_KEY": "key-value", "EDITOR": "editor-value",
        "REDIS_URL": "redis://:redis%2Fpass@127.0.0.1/0", "REFERRED": "referred-value",
        "X_TOKEN": "short",
    }  # fmt: skip
    masker = masker_for(environment, [Secret("secret:REFERRED"), Secret("secret:NOWHERE")])
    for value in ("sentry-value", "key-value", "redis%2Fpass", "redis/pass", "referred-value"):
        assert value not in masker.exact(f"a {value} b")
    for value in ("editor-value", "short", "127.0.0.1"):
        assert value in masker.exact(f"a {value} b")


def test_addresses_of_notifications_are_masked_whole_and_in_part() -> None:
    """Their tokens may be in a path; ordinary words of them are kept."""
    urls = "json://obs:secret-pw@hook.example/notify/T0123456789ABCDEF mailto://mail.example"
    masker = masker_for({"NOTIFY_URLS": urls})
    for text in (*urls.split(), "T0123456789ABCDEF", "secret-pw"):
        assert masker.exact(text) == MASK
    assert masker.exact("notify hook.example") == "notify hook.example"


def test_each_of_several_keys_is_masked_by_itself() -> None:
    """Each key of API_KEYS, one per tenant, is masked on its own: output shows one at a time."""
    masker = masker_for({"API_KEYS": "acme=first-key-of-acme, globex=second-key"})
    masked = masker.exact("acme: first-key-of-acme, globex: second-key")
    assert masked == "acme: [redacted], globex: [redacted]"


def test_a_reference_is_not_taken_for_a_secret() -> None:
    """The reference `token = secret:NAME` stays readable: it reveals no value."""
    line = 'token: Secret = Secret("secret:API_TOKEN")'
    assert Masker().text(line) == line
    assert "hunter2" not in Masker().text("password=hunter2-hunter2")


def test_keys_and_nested_values_are_masked() -> None:
    """Every text in a JSON value is masked, keys included; a picture keeps its bytes."""
    masker = Masker(["the-value"])
    assert masker.texts({"the-value": ["the-value", 1, None]}) == {MASK: [MASK, 1, None]}
    assert masker.bundle({"image/png": "token=abc", "text/plain": "the-value"}) == {
        "image/png": "token=abc", "text/plain": MASK,
    }  # fmt: skip


def test_source_keeps_values_that_only_a_name_marks_as_secret() -> None:
    """The author's code stays readable; known secrets and token patterns in it are masked."""
    token = "ghp_" + "a1B2" * 9
    source = f'credential = new()\nheaders = {{"Authorization": f"Bearer {{x}}"}}\nt = "{token}"'
    masked = Masker(["hunter2-known"]).source(source + "\n# hunter2-known")
    assert masked == source.replace(token, MASK) + f"\n# {MASK}"
