"""The names of vendors, and the keys that follow them."""

import json

import orjson
import pytest

from securenet_obs.redaction import MASK, Redactor, redact, redact_text
from tests.redaction.samples import RANDOM_HEX, Unfiltered


@pytest.mark.parametrize(
    "text",
    ["datadog: {}", "DATADOG_X = '{}'", "datadog || {}", '{{"datadogKey":"{}"}}', "heroku => {}"],
)
def test_a_key_after_a_vendors_name_is_masked(text: str) -> None:
    """Assignments of every language count."""
    key = RANDOM_HEX[:32]
    assert redact_text(text.format(key)) == text.format(MASK)


@pytest.mark.parametrize(
    "value",
    [
        {"datadog": "enabled", "slack": "#alerts-2024", "sentry": {"event_id": RANDOM_HEX[:32]}},
        f"virustotal sha256: {RANDOM_HEX}",
        f"sentry event_id={RANDOM_HEX[:32]}",
        f"githubs {RANDOM_HEX[:40]}",
    ],
)
def test_identifiers_and_words_after_it_stay(value: object) -> None:
    """A hash, an event's id and a channel are not keys."""
    assert redact(value) == value


@pytest.mark.slow
@pytest.mark.parametrize(
    "before", ["", " ", "\n", "\t", "\r", "\b", "\f", "\x1f", "\u2028", "é", "1", "_"]
)
@pytest.mark.parametrize("name", ["fal", "datadog"])
def test_the_prefilter_finds_a_name_after_any_character(before: str, name: str) -> None:
    """A control character before a name is an escape in JSON, which may end with a letter."""
    text = f"{before}{name}: {RANDOM_HEX[:32]}"
    assert Unfiltered().redact(text) == f"{before}{name}: {MASK}"
    for value in ({"a": text}, json.dumps({"a": text}), json.dumps(json.dumps([text]))):
        assert Redactor().redact(value) == Unfiltered().redact(value)
        assert RANDOM_HEX[:32] not in str(Redactor().redact(value))


def test_a_part_of_a_word_is_not_suspect() -> None:
    """`false` is not the vendor fal: a clean line is not searched again."""
    line = orjson.dumps({"ok": False, "file": "site-packages/starlette/routing.py", "id": "x" * 14})
    assert not Redactor().may_match(line)
