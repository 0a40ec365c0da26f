"""The secret parts of a reference's value have names, and are long enough to be searched."""

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.oncall.copies.parts import read_parts
from securenet_obs.runner import Secret


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("API_KEYS", "a=first-key,b=other-key", {
            "API_KEYS of a": "first-key", "API_KEYS of b": "other-key",
        }),
        ("REDIS_URL", "redis://:pass%2Fword@host:6379/0", {"REDIS_URL": "pass/word"}),
        ("SENTRY_AUTH_TOKEN", "0123456789", {"SENTRY_AUTH_TOKEN": "0123456789"}),
    ],
)  # fmt: skip
def test_a_value_has_its_parts(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, parts: dict[str, str]
) -> None:
    """Of a URL only the password is secret."""
    monkeypatch.setenv(name, value)
    found = read_parts(Secret(f"secret:{name}"))
    assert {each: part.get_secret_value() for each, part in found.items()} == parts


@pytest.mark.parametrize(
    ("value", "reason"),
    [("redis://host/0", "without a password"), ("postgres", ""), ("1234567", "shorter than 8")],
)
def test_a_text_that_occurs_by_chance_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str, reason: str
) -> None:
    """The message has no value; eight characters are enough."""
    monkeypatch.setenv("SOME_SECRET", value)
    if not reason:
        assert read_parts(Secret("secret:SOME_SECRET"))
        return
    with pytest.raises(SettingsError, match=reason) as caught:
        read_parts(Secret("secret:SOME_SECRET"))
    assert value not in str(caught.value)
