"""The SDK's own capture of exceptions, whatever their attributes answer."""

import sentry_sdk
from sentry_sdk.utils import event_from_exception

from securenet_obs.monitoring.sentry.events.exceptions.sdk_functions import install
from tests.monitoring.hostile import hostile_classes, raised

HOSTILE = hostile_classes()


def test_the_sdk_reads_hostile_exceptions_too() -> None:
    """After `install` the SDK's integrations convert every such exception."""
    install()
    for kind in HOSTILE.values():
        event, hint = event_from_exception(raised(kind))
        assert len(event["exception"]["values"]) == 2
        assert f"{hint['exc_info'][0].__module__}"
    assert sentry_sdk.capture_exception(ValueError("without a client")) is None
