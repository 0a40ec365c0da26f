"""What the schedule found is announced, as what a command found is."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import MagicMock, patch

import pytest

from securenet_obs.distributed import announcing
from securenet_obs.distributed.names import DISPATCH, STANDINGS_KEY
from securenet_obs.distributed.sending import sender
from securenet_obs.notifications import parse_standings
from securenet_obs.probes import open_telemetry
from securenet_obs.runner.target import environment_target
from securenet_obs.settings import settings_from
from securenet_obs.stack import LocalStack
from securenet_obs.workers.windows import WINDOW_HEADER
from tests.distributed.fleet import Fleet, fleet
from tests.waiting import eventually
from tests.web_server import running_web_server

pytestmark = pytest.mark.stack


def _send(made: Fleet, window: str) -> str:
    """Send a slot, and return the folder of its evidence once it is closed."""
    stem = window.replace("-", "").replace(":", "").replace("Z", "00Z")
    sender(made.broker).send_task(DISPATCH, headers={WINDOW_HEADER: window})
    assert eventually(lambda: list(made.place.glob(f"{stem}-*/run.json")), 60), made.log(1)
    return next(made.place.glob(f"{stem}-*/run.json")).parent.as_uri()


@pytest.mark.slow
def test_a_failure_that_the_schedule_found_is_announced(
    validation_broker: str, stack: LocalStack
) -> None:
    """Each run checks in with Sentry; a change is notified once, by whichever worker closes.

    A caller shares the standings: a failure that is known is not notified again.
    """
    with running_web_server() as web_server, fleet(validation_broker, []) as made:
        target = {
            "NOTIFY_URLS": f"json://127.0.0.1:{web_server.port}/hook",
            "VALIDATION_SCHEDULE": "0 3 * * *",
            "ENVIRONMENT": "staging",
            "SENTRY_DSN": stack.environment["SENTRY_DSN"],
        }
        for number in (1, 2):
            made.start_worker(number, **target)
        made.write_notebook("01_scheduled_and_green")
        made.write_notebook("02_scheduled_and_red", observed=2)
        first = _send(made, "2026-11-20T03:00Z")
        assert eventually(lambda: len(web_server.requests), 60), made.log(1) + made.log(2)
        _send(made, "2026-11-21T03:00Z")
        called = made.call(variables=target)
        assert called.returncode == 1, called.stderr
        assert "standings" not in called.stderr
        (request,) = web_server.requests
        notification = json.loads(request[2])
        assert notification["title"] == "02_scheduled_and_red on staging: failed"
        assert f"evidence: {first}" in notification["message"]
        standings = parse_standings(made.client.get(STANDINGS_KEY))
        red = standings.rows["02_scheduled_and_red on staging"]
        assert (red.runs, red.notified) == (3, "failed")
        assert "validation_not_announced" not in made.log(1) + made.log(2)
    telemetry = open_telemetry(settings_from(stack.environment))
    for name, status in (("01-scheduled-and-green", "ok"), ("02-scheduled-and-red", "error")):
        found = telemetry.check_ins(f"validation-{name}", 10.0)
        assert [row.status for row in found] == [status] * 3


def test_a_command_that_is_closed_late_is_announced_for_its_slot() -> None:
    """Its runs are older than those of the slots behind it."""
    slot = datetime(2026, 11, 20, 3, tzinfo=UTC).timestamp()
    times: list[float] = []

    def notify(*given: Any) -> list[str]:
        times.append(given[-1]())
        return []

    facts = environment_target(checked=False).facts()
    place: Any = MagicMock()
    with patch.object(announcing, "notify_changes", notify):
        announcing.notify_closed("20261120T030000Z-1a2b3c4d", facts, None, place, [])
        announcing.notify_closed("c", {"name": "another"}, None, place, [])
    assert times == [slot]
