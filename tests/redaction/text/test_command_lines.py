"""Secret arguments of commands."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securenet_obs.redaction import COMMAND_RULE, redact
from securenet_obs.redaction.text.command_lines import secrets_in_arguments, secrets_in_text
from tests.redaction.samples import FUZZ

SECRETS = st.from_regex(r"[A-Za-z0-9_.+-]{1,19}[0-9]", fullmatch=True).filter(
    lambda secret: not secret.startswith("-")
)


@pytest.mark.parametrize(
    "words",
    [
        ["curl", "-u", "bob"], ["docker", "run", "-p", "80:80"], ["curl", "-u", "bob:$PASS"],
        ["mysql", "-p", "db"], ["openssl", "x", "-pass", "env:PASS"], ["ssh", "-p", "22"],
    ],
)  # fmt: skip
def test_other_arguments_are_not_secret(words: list[str]) -> None:
    """Ports, variables and names stay."""
    assert secrets_in_arguments(COMMAND_RULE, words) == []
    assert secrets_in_text(COMMAND_RULE, shlex.join(words)) == []


@FUZZ
@given(SECRETS, st.sampled_from([shlex.join, repr, str]))
def test_a_secret_argument_is_found_in_every_form(secret: str, form: object) -> None:
    """A list, its text and its shell form are equal."""
    for words in (
        ["curl", "-u", f"bob:{secret}", "https://h"],
        ["mysql", f"-p{secret}", "db"],
        ["redis-cli", "-a", secret],
        ["docker", "login", "-u", "bob", "-p", secret],
        ["run", "--db-password", secret],
    ):
        assert secret not in " ".join(redact(words))  # type: ignore[arg-type]
        assert f" {secret} " not in f" {redact(form(words))} "  # type: ignore[operator]
