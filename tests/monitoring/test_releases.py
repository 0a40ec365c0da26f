"""Default releases of services."""

from importlib.metadata import version

import pytest

from securenet_obs import __version__
from securenet_obs.monitoring.releases import default_release


@pytest.mark.parametrize(
    ("service", "release"),
    [
        ("securenet", f"securenet@{__version__}"),
        ("structlog", f"structlog@{version('structlog')}"),
        ("billing", "billing@unknown"),
        ("", "@unknown"),
        ("a/b c", "a/b c@unknown"),
    ],
)
def test_a_service_has_the_release_of_its_package(service: str, release: str) -> None:
    """A service that is not installed has an unknown release, never that of securenet-obs."""
    assert default_release(service) == release
