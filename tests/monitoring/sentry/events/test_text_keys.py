"""Keys that are not texts."""

from securenet_obs.monitoring.sentry.events.text_keys import with_text_keys
from tests.monitoring.sentry.delivery.oversized import Unprintable


def test_a_key_without_a_text_costs_only_itself() -> None:
    """Keys that are not texts are converted, at every depth."""
    value = {Unprintable(): 1, 5: [{None: {"kept": 2}}], "same": 3}
    renamed = with_text_keys(value)
    assert list(renamed)[1:] == ["5", "same"]
    assert renamed["5"] == [{"None": {"kept": 2}}]
    plain = {"a": [1, {"b": None}]}
    assert with_text_keys(plain) is plain
