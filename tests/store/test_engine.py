"""Engines, on each of the databases."""

import os
import subprocess
import sys
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.store import session_scope

pytestmark = pytest.mark.usefixtures("empty_store")

INSERT = text("INSERT INTO findings (tenant_id) VALUES (:secret)")
PARAMETERS = {"secret": "hunter2"}
"""Not in the statement, whose source Python 3.13 prints in a traceback."""


def test_an_error_does_not_contain_the_parameters() -> None:
    """No exception, and so no log and no event, contains the values of a statement."""
    with pytest.raises(IntegrityError) as raised, session_scope() as session:
        session.execute(INSERT, PARAMETERS)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
    assert "hide_parameters" in str(raised.value)


REPORT = """
import structlog
from sqlalchemy import text
from securenet_obs.monitoring import flush_sentry, start_monitoring
from securenet_obs.settings import get_settings
from securenet_obs.monitoring.sentry.recorder import recording_sentry
from securenet_obs.store import session_scope

settings = get_settings()
start_monitoring(settings, "tested", settings.sentry_release)
value = "customer-4711 of Rue-de-Rivoli"
for statement in (
    "INSERT INTO tenants SELECT :value UNION ALL SELECT :value",
    "INSERT INTO waivers VALUES (:value, 'a', 'b', 'c', 'd')",
    "SELECT CAST(:value AS integer) / 0 FROM nowhere",
):
    try:
        with session_scope() as session:
            session.execute(text(statement), {"value": value})
    except Exception:
        structlog.get_logger("tested").exception("it_failed")
flush_sentry()
"""


@pytest.mark.slow
@pytest.mark.stack
def test_no_value_reaches_a_log_line_or_an_event(empty_store: str) -> None:
    """Neither frames nor breadcrumbs nor causes quote a row; the value has no form of a secret."""
    with recording_sentry() as sentry:
        environment = {**os.environ, "DATABASE_URL": empty_store, "SENTRY_DSN": sentry.dsn}
        done = subprocess.run(
            [sys.executable, "-c", REPORT],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=240,
        )
        sentry.wait_for_event(lambda event: "it_failed" in str(event))
        events = str(sentry.events)
    printed = done.stdout + done.stderr
    assert printed.count("it_failed") == 3
    assert "INSERT INTO tenants" in printed
    for text_of in (printed, events):
        assert "4711" not in text_of
        assert "Rivoli" not in text_of
