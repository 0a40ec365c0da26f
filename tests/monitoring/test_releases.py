"""Default releases of services."""

from importlib.metadata import version
from typing import Any

import pytest

from securenet_obs import __version__
from securenet_obs.monitoring.releases import default_release
from securenet_obs.monitoring.sentry.recorder import SentryRecorder


@pytest.mark.parametrize(
    ("service", "release"),
    [
        ("securenet", f"securenet@{__version__}"),
        ("securenet-api", f"securenet@{__version__}"),
        ("securenet-billing", "securenet-billing@unknown"),
        ("structlog", f"structlog@{version('structlog')}"),
        ("billing", "billing@unknown"),
        ("", "@unknown"),
        ("a/b c", "a/b c@unknown"),
    ],
)
def test_a_service_has_the_release_of_its_package(service: str, release: str) -> None:
    """A service that is not installed has an unknown release, never that of securenet-obs."""
    assert default_release(service) == release


@pytest.mark.parametrize(
    ("variables", "service", "release"),
    [
        ({}, "securenet", f"securenet@{__version__}"),
        ({"SERVICE_NAME": "billing"}, "billing", "billing@unknown"),
        ({"SERVICE_NAME": "structlog"}, "structlog", f"structlog@{version('structlog')}"),
        ({"SERVICE_NAME": "billing", "SENTRY_RELEASE": "b@7"}, "billing", "b@7"),
        ({"SENTRY_RELEASE": "b@7"}, "securenet", "b@7"),
    ],
)
def test_lines_and_events_have_the_name_and_release_of_the_variables(
    run: Any, sentry: SentryRecorder, variables: dict[str, str], service: str, release: str
) -> None:
    """`configure_structlog` and `init_sentry` alone agree, whichever variables are set."""
    finished = run(
        """
    import os, structlog
    from securenet_obs.monitoring import configure_structlog, init_sentry
    configure_structlog()
    init_sentry(os.environ["SENTRY_DSN"], "test")
    structlog.get_logger("ours").error("failed")
    """,
        SENTRY_DSN=sentry.dsn,
        **variables,
    )
    (line,), (event,) = finished.lines, sentry.events
    assert (line["service"], line["release"]) == (service, release)
    assert (event["tags"]["service"], event["release"]) == (service, release)
