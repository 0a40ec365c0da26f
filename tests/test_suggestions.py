"""Suggestions of similar names."""

import pytest

from securenet_obs.suggestions import did_you_mean, nearest

KNOWN = ["01_sentry_receives_errors", "02_logs_are_structured_json", "queue_is_growing"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("01_sentry_recieves_erors", KNOWN[0]),
        ("sentry_receives_errors", KNOWN[0]),
        ("SENTRY", KNOWN[0]),
        ("2_logs_are_structured", KNOWN[1]),
        ("queue-is-growing", KNOWN[2]),
    ],
)
def test_the_nearest_name_comes_first(name: str, first: str) -> None:
    """Typing errors, case, a missing number and a part of the name are recognised."""
    assert nearest(name, KNOWN)[0] == first
    assert did_you_mean(name, KNOWN).startswith(f" Did you mean {first}")


@pytest.mark.parametrize("name", ["", "x", "zzzzzz"])
def test_a_dissimilar_name_has_no_suggestion(name: str) -> None:
    """A wrong suggestion would be worse than none."""
    assert nearest(name, KNOWN) == []
    assert did_you_mean(name, KNOWN) == ""
