"""Prose after the name of a secret is not masked."""

import ast
import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core._pydantic_core import list_all_errors

from securenet_obs.cli import cli
from securenet_obs.redaction import MASK, redact_text
from securenet_obs.redaction.rules.shapes import COUNT, PUBLIC, STATES
from securenet_obs.redaction.text.prose import _FUNCTION_WORDS
from securenet_obs.settings import Settings
from tests.redaction.samples import FUZZ

PROJECT = Path(__file__).parents[3]
PACKAGE = PROJECT / "securenet_obs"

# These hold texts with secrets on purpose: planted ones, passwords of a program, patterns.
SPECIMENS = {
    "api/diagnostics.py",
    "monitoring/diagnostics.py",
    "runner/lab/server.py",
    "probes/scenarios/leaks.py",
    "probes/scenarios/specimens.py",
    "redaction/rules/commands.py",
    "redaction/rules/shapes.py",
    "redaction/rules/text_rules.py",
    "stack/parts/bugsink.py",
    "stack/parts/bugsink_install.py",
}
PLACES = {"address", "file", "folder", "path", "place", "url", "where"}


def filled(text: ast.JoinedStr | ast.Constant, name: str) -> str:
    """Return a message with its fields filled in; it starts with the name of a setting."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    return "".join(
        str(part.value)
        if isinstance(part, ast.Constant)
        else name
        if number == 0 and not PLACES & set(re.findall(r"[a-z]+", ast.unparse(part)))
        else "not here"
        for number, part in enumerate(text.values)
    )


def messages_of(path: Path) -> Iterator[str]:
    """Yield every message of a module, for each secret setting."""
    tree = ast.parse(path.read_text())
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in set(ast.walk(tree)) - docstrings - parts:
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if isinstance(node, ast.JoinedStr) or is_text:
            for name in ("SENTRY_AUTH_TOKEN", "token", "DIAGNOSTICS_KEY", "API_KEYS"):
                text = filled(node, name)
                if len(text.split()) > 2 and " = " not in text:
                    yield text


MODULES = [
    str(path.relative_to(PACKAGE))
    for path in sorted(PACKAGE.rglob("*.py"))
    if str(path.relative_to(PACKAGE)) not in SPECIMENS
]


def test_every_message_of_ours_passes_unchanged() -> None:
    """Messages that the package raises, prints or returns are unchanged for any secret setting."""
    changed = [
        (module, message)
        for module in MODULES
        for message in messages_of(PACKAGE / module)
        if redact_text(message) != message
    ]
    assert changed == []


def test_the_messages_are_found() -> None:
    """The collection includes f-strings and constants, also of raised errors."""
    found = {message for module in MODULES for message in messages_of(PACKAGE / module)}
    assert any(message.startswith("token: required, and not given") for message in found)
    assert "SENTRY_AUTH_TOKEN is not a valid Redis URL; use redis://host:port/number." in found
    assert "send Authorization: Bearer and an API key" in found
    assert len(found) > 500


def commands(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and its subcommands."""
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from commands(below)


def test_every_help_text_and_setting_passes_unchanged() -> None:
    """The help of each command and the description of each setting are unchanged."""
    texts = [command.get_help(click.Context(command)) for command in commands(cli)]
    for name, field in Settings.model_fields.items():
        texts.append(f"{name.upper()}: {field.description}")
    assert [text for text in texts if redact_text(text) != text] == []


def test_every_message_of_pydantic_passes_unchanged() -> None:
    """Any of them may refuse a parameter or a field with a secret's name."""
    messages = [f"token: {error['example_message_python']}" for error in list_all_errors()]
    assert len(messages) > 90
    assert [message for message in messages if redact_text(message) != message] == []


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOENT, errno.ECONNREFUSED]
)
def test_messages_of_the_operating_system_pass_unchanged(number: int) -> None:
    """A file may have the name of a secret."""
    message = f"secret: {os.strerror(number)}"
    assert redact_text(message) == message


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_the_documents_pass_unchanged(name: str) -> None:
    """A document has no secret, and stays unchanged in evidence."""
    text = (PROJECT / name).read_text()
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "SENTRY_AUTH_TOKEN: not set",
        "SENTRY_AUTH_TOKEN:  not set.",
        "`SENTRY_AUTH_TOKEN`: not set",
        "secret: not found in vault",
        "Password: required field missing",
        "Password: Required",
        "password: missing",
        "token: it has expired; make another",
        "token: expired, since 2026-11-25",
        "-p token: takes a reference such as secret:NAME, never a value",
        "the token is secret:SENTRY_AUTH_TOKEN",
        "send Authorization: Bearer and an API key",
        "Callers send it as Authorization: Bearer.",
        "a tenant's key as `Authorization: Bearer snk_...`.",
        "curl -H 'Authorization: Bearer <key>'",
        "Set-Cookie: not in the answer",
    ],
)
def test_prose_is_unchanged(text: str) -> None:
    """Words after the colon of a secret's name are a sentence about it."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: swordfish is mine", f"password: {MASK} is mine"),
        ("password: 'not set'", f"password: '{MASK}'"),
        ("password=not set", f"password={MASK} set"),
        ("--password not set", f"--password {MASK} set"),
        ("password:not set", f"password:{MASK} set"),
        ("password: NOT set", f"password: {MASK} set"),
        ("password: not", f"password: {MASK}"),
        ("password: Input", f"password: {MASK}"),
        ("password: Permission granted", f"password: {MASK} granted"),
        ("Authorization: Input should abc123", f"Authorization: {MASK}"),
        ("password: the1 and only", f"password: {MASK} and only"),
        ("password: missing1", f"password: {MASK}"),
        ("password: missing-link", f"password: {MASK}"),
        ("Authorization: see abc123def", f"Authorization: {MASK}"),
        ("Authorization: Bearer and abc123def", f"Authorization: {MASK}"),
        ("Authorization: Bearer abc...def", f"Authorization: {MASK}"),
        ("Authorization: Bearer <abc>def1", f"Authorization: {MASK}"),
        ("Cookie: a sid=abc", f"Cookie: {MASK}"),
        ("Cookie: the session/abcdef", f"Cookie: {MASK}"),
        ("Authorization: the " + "abcdefgh" * 3, f"Authorization: {MASK}"),
        ("secret:hunter2", f"secret:{MASK}"),
        ("secret:SWORDFISH", f"secret:{MASK}"),
        ("client_secret:MY_NAME", f"client_secret:{MASK}"),
        ("not set; password: not so, token=abc1", f"not set; password: not so, token={MASK}"),
        ("password: not set, password: hunter2", f"password: not set, password: {MASK}"),
    ],
)
def test_values_are_still_masked(text: str, masked: str) -> None:
    """Quoted values, values after `=`, other shapes than words, and unlisted words are masked."""
    assert redact_text(text) == masked


WORDS = frozenset(f"{_FUNCTION_WORDS}|{STATES}|it|take|unauthorised|unauthorized".split("|"))
SECRETS = st.from_regex(r"[A-Za-z0-9_.~+/@#$^-]{1,20}", fullmatch=True).filter(
    lambda secret: (
        secret.lower() not in WORDS
        and not re.fullmatch(COUNT, secret)
        and not PUBLIC.fullmatch(secret)  # `$NAME`
        and secret.strip(".").lower() not in {*WORDS, "none", "null", "nil", "true", "false", ""}
    )
)


@FUZZ
@given(st.sampled_from(["password", "client_secret", "api-key"]), SECRETS)
def test_unlisted_words_are_masked(name: str, secret: str) -> None:
    """A word outside the closed list is masked, even if a sentence follows."""
    assert f": {secret} and more" not in redact_text(f"{name}: {secret} and more")


@pytest.mark.parametrize("piece", ["Authorization: the ", "token: a ", "Cookie: not a", "Bearer "])
def test_long_repetitions_are_fast(piece: str) -> None:
    """Long repetitions take a moment."""
    redact_text(f"Authorization: {piece * 20_000}1")
