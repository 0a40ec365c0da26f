"""A link leads to the events of one task in each dashboard."""

import pytest

from securenet_obs.probes.errors.links import link_to_task
from securenet_obs.settings import Settings


@pytest.mark.parametrize(
    ("backend", "link"),
    [
        ("sentry", "https://s/organizations/acme/issues/?statsPeriod=90d&query=task_id:a%26b"),
        ("glitchtip", "https://s/acme/issues?query=task_id:a%26b"),
        ("bugsink", "https://s/issues/1/all/?q=task_id:a%26b"),
    ],
)
def test_each_backend_has_its_address(backend: str, link: str) -> None:
    """An id is quoted; without an organisation or a project there is no address."""
    where = {"sentry_backend": backend, "sentry_url": "https://s/"}
    assert link_to_task(Settings(**where, sentry_org="acme", sentry_project="1"), "a&b") == link
    assert link_to_task(Settings(**where, sentry_org="", sentry_project=""), "a&b") == ""
