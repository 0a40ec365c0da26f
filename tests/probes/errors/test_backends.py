import pytest

from securenet_obs.errors import NotStoredError
from securenet_obs.probes.errors.backends import open_error_events
from securenet_obs.probes.errors.bugsink import BugsinkEvents
from securenet_obs.probes.errors.sentry import SentryEvents
from securenet_obs.settings import Settings


def test_setting_selects_the_backend() -> None:
    """SENTRY_BACKEND selects the reader; each reader has its stored kinds."""
    given = {"sentry_org": "acme", "sentry_project": "1", "sentry_auth_token": "t0ken"}
    bugsink = open_error_events(Settings(sentry_backend="bugsink", **given))
    sentry = open_error_events(Settings(sentry_backend="sentry", **given))
    assert isinstance(bugsink, BugsinkEvents)
    assert isinstance(sentry, SentryEvents)
    assert bugsink.stored_kinds == {"errors"}
    assert "errors" in sentry.stored_kinds
    glitchtip = open_error_events(Settings(sentry_backend="glitchtip", **given))
    with pytest.raises(NotStoredError, match="GlitchTip stores errors only"):
        glitchtip.find("a" * 32, 30, kind="transactions")
