"""The names of vendors, and the keys that follow them."""

import pytest

from securenet_obs.redaction import MASK, redact, redact_text
from tests.redaction.samples import RANDOM_HEX


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
