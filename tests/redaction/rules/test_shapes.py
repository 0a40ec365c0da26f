"""Shapes of public values and of tokens."""

import random
import string

import pytest

from securenet_obs.redaction.rules.shapes import PUBLIC, is_mixed_key, is_random

ALNUM = string.ascii_letters + string.digits


@pytest.mark.parametrize(
    ("alphabet", "length"),
    [("0123456789abcdef", 32), (ALNUM, 20), (ALNUM, 40), (string.ascii_letters, 34)],
)
def test_generated_tokens_are_random(alphabet: str, length: int) -> None:
    """Almost every generated token has frequent changes of its kinds of characters."""
    rng = random.Random(7)
    made = ["".join(rng.choices(alphabet, k=length)) for _ in range(500)]
    assert sum(map(is_random, made)) > 470


@pytest.mark.parametrize(
    "text",
    [
        "requiredCharacteristicTypesForDisplayMetadata", "anomaly_detection_finished",
        "2026-11-23T04:00:00.123456Z", "application/x-www-form-urlencoded", "a" * 40,
        "1234567890123456",
        "x509-certificate-chain-2019", "ip-10-0-0-12.ec2.internal", "TokenElevationTypeDefault",
    ],
)  # fmt: skip
def test_words_are_not_random(text: str) -> None:
    """Names, dates, numbers and repetitions are not tokens."""
    assert not is_random(text)
    assert not is_mixed_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "%%1843", "S-1-5-21-1111111111-2222222222-3333333333-1103",
        "arn:aws:iam::123456789012:role/x",
        "2026-11-23", "10.0.0.7:443", "fe80::1", "https://login.example/oauth2", "/run/secrets/db",
    ],
)  # fmt: skip
def test_public_values_have_a_shape(text: str) -> None:
    """Identifiers, times, addresses and paths are public."""
    assert PUBLIC.fullmatch(text)


@pytest.mark.parametrize("text", ["hunter2", "https://bob:x@h/", "Pa55/word", "correct horse"])
def test_other_values_have_none(text: str) -> None:
    """A password and a URL with credentials are not public."""
    assert not PUBLIC.fullmatch(text)
