"""The closed list of needs: complete entries, and the needs that a target can serve."""

import pytest

from securenet_obs.runner.notebook.needs import NEEDS
from securenet_obs.runner.target import SETTINGS


def test_every_need_names_variables_of_a_target_and_has_a_meaning() -> None:
    """Each need has a meaning, and variables that are settings: others could never be set."""
    named = {name for need in NEEDS.values() for name in need.variables}
    named |= {name for need in NEEDS.values() for more in need.by_backend.values() for name in more}
    assert named <= SETTINGS
    assert all(need.meaning for need in NEEDS.values())


def test_a_need_that_a_target_may_not_serve_has_a_reason() -> None:
    """Each need that a target may lack has a reason, because a skip has to be explained."""
    bare = {"SENTRY_BACKEND": "bugsink"}
    unserved = {name for name, need in NEEDS.items() if not need.serves(bare, False)}
    assert unserved == {"diagnostics", "transactions", "check-ins", "local-stack"}
    assert unserved == {name for name, need in NEEDS.items() if need.reason}


@pytest.mark.parametrize(
    ("value", "served"),
    [("true", True), ("1", True), ("YES", True), ("false", False), ("0", False), ("", False)],
)
def test_diagnostics_are_served_where_they_are_enabled(value: str, served: bool) -> None:
    """DIAGNOSTICS_ENABLED is parsed as the API parses it."""
    assert NEEDS["diagnostics"].serves({"DIAGNOSTICS_ENABLED": value}, False) is served


@pytest.mark.parametrize("name", ["transactions", "check-ins"])
@pytest.mark.parametrize(
    ("variables", "served"),
    [
        ({}, True),
        ({"SENTRY_BACKEND": "sentry"}, True),
        ({"SENTRY_BACKEND": "bugsink"}, False),
        ({"SENTRY_BACKEND": "bugsink", "SENTRY_RELAY_URL": " "}, False),
        ({"SENTRY_BACKEND": "bugsink", "SENTRY_RELAY_URL": "http://127.0.0.1:1"}, True),
        ({"SENTRY_BACKEND": "glitchtip"}, False),
        ({"SENTRY_BACKEND": "glitchtip", "SENTRY_RELAY_URL": "http://127.0.0.1:1"}, True),
    ],
)
def test_a_relay_serves_what_a_backend_drops(
    name: str, variables: dict[str, str], served: bool
) -> None:
    """Bugsink and GlitchTip return errors only; a relay in front of them stores the rest."""
    assert NEEDS[name].serves(variables, False) is served


def test_variables_for_reading_events_depend_on_the_backend() -> None:
    """Sentry requires an organisation, Bugsink an address; the default address is Sentry's own."""
    need = NEEDS["read-events"]
    assert set(need.required({})) == {"SENTRY_AUTH_TOKEN", "SENTRY_PROJECT", "SENTRY_ORG"}
    assert set(need.required({"SENTRY_BACKEND": "bugsink"})) == {
        "SENTRY_AUTH_TOKEN", "SENTRY_PROJECT", "SENTRY_URL",
    }  # fmt: skip
    assert set(need.required({"SENTRY_BACKEND": "glitchtip"})) >= {"SENTRY_URL", "SENTRY_ORG"}
