"""Sentry's discards are read by outcome and reason; other backends have none."""

from typing import Any

import pytest

from securenet_obs.errors import NotStoredError, UnreachableError
from securenet_obs.probes.errors.discards import read_discards
from securenet_obs.settings import Settings


def group(outcome: str, reason: str | None, quantity: int) -> dict[str, Any]:
    """Return a group as Sentry's API has it."""
    return {"by": {"outcome": outcome, "reason": reason}, "totals": {"sum(quantity)": quantity}}


def settings_for(url: str, backend: str = "sentry") -> Settings:
    """Return the settings of a target with this backend."""
    return Settings.model_validate(
        {
            "sentry_url": url, "sentry_backend": backend, "sentry_org": "acme",
            "sentry_auth_token": "t0ken", "sentry_dsn": "https://key@sentry.example/42",
        }
    )  # fmt: skip


def test_accepted_events_are_not_discards(http_server: Any) -> None:
    """The request names the project by the number in the DSN."""
    rows = [
        group("accepted", "none", 9),
        group("rate_limited", "key_quota", 3),
        group("filtered", None, 0),
    ]
    http_server.answers((200, {"groups": rows}))
    found = read_discards(settings_for(http_server.url), 2.0)
    assert found.to_dict("records") == [
        {"outcome": "rate_limited", "reason": "key_quota", "events": 3}
    ]
    path = http_server.requests[0][0]
    assert path.startswith("/api/0/organizations/acme/stats_v2/?")
    assert "groupBy=outcome&groupBy=reason" in path
    assert path.endswith("project=42")


@pytest.mark.parametrize("body", [[], {}, {"groups": [{"by": {}}]}, {"groups": [1]}])
def test_other_answers_are_refused(http_server: Any, body: object) -> None:
    """A proxy may answer, too."""
    http_server.answers((200, body))
    with pytest.raises(UnreachableError, match="did not return statistics"):
        read_discards(settings_for(http_server.url), 2.0)


def test_a_backend_without_discards_is_named() -> None:
    """Nothing is asked."""
    with pytest.raises(NotStoredError, match="bugsink keeps no discards"):
        read_discards(settings_for("http://127.0.0.1:1", "bugsink"), 1.0)
