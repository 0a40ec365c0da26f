"""Names in every spelling."""

import pytest

from securenet_obs.redaction import KeyRule
from securenet_obs.redaction.rules.names import Names, normalise_name

SPELLINGS = ["x-api-key", "X_Api_Key", "xApiKey", "X.API.KEY", "X API Key", "XApi--Key_"]


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_a_name_are_equal(name: str) -> None:
    """Case, `-`, `_`, `.` and camelCase do not matter."""
    assert normalise_name(name) == "x_api_key"


def test_a_name_about_a_secret_is_harmless() -> None:
    """A suffix may turn a secret's name into the name of a harmless value."""
    names = Names([KeyRule("badge", "badge number")])
    for name in ("badgeNumber", "old-badge-number", "BADGENUMBER", "badge_number_2"):
        assert names.rule_of(name) is not None
    for name in ("badge_number_length", "badge", "number_badge", "badge_number_expires_at"):
        assert names.rule_of(name) is None
