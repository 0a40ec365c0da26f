"""The events that a process sends to Sentry, read from the bytes that a local Sentry received."""

from typing import Any

import pytest

from securenet_obs.errors import SettingsError
from securenet_obs.monitoring.sentry.client import init_sentry
from securenet_obs.monitoring.sentry.recorder import SentryRecorder
from tests.monitoring.sentry.program import BEGIN


def test_an_empty_dsn_is_refused_in_production() -> None:
    """Production without a DSN is a settings error, since errors would be lost."""
    for environment in ("production", "Production", "prod"):
        with pytest.raises(SettingsError, match="SENTRY_DSN"):
            init_sentry("", environment)


def test_an_empty_dsn_elsewhere_is_logged(run: Any) -> None:
    """A warning is logged; an error has no event id, and its line is written."""
    finished = run(
        BEGIN
        + """
    log.error("only here")
    with report_errors() as reported:
        raise DiagnosticError("nowhere")
    assert reported.event_id is None
    from securenet_obs.monitoring.sentry.events.capture import can_send_events
    assert not can_send_events()
    """,
        SENTRY_DSN="",
    )
    assert finished.code == 0, finished.stderr
    assert "SENTRY_DSN is empty" in finished.line("sentry_disabled")["reason"]
    assert "sentry_event_id" not in finished.line("only here")


def test_a_malformed_dsn_is_a_settings_error() -> None:
    """An invalid DSN is refused with its variable's name, and its value is not repeated."""
    with pytest.raises(SettingsError, match="SENTRY_DSN") as raised:
        init_sentry("https://hunter2@/", "test")
    assert "hunter2" not in str(raised.value)


def test_a_refused_event_has_its_status(run: Any, sentry: SentryRecorder) -> None:
    """An unknown DSN also returns an event id; the HTTP status reveals the refusal."""
    sentry.status = 403
    finished = run(
        BEGIN
        + """
    with report_errors() as reported:
        raise DiagnosticError("canary")
    flush_sentry()
    log.info("logged", status=delivery_status(reported.event_id))
    """,
        SENTRY_DSN=sentry.dsn,
    )
    assert finished.line("logged")["status"] == 403


@pytest.mark.parametrize("rates", [{}, {"RATES": "another operation's"}])
def test_errors_are_sent_without_tracing(
    run: Any, sentry: SentryRecorder, rates: dict[str, str]
) -> None:
    """A sample rate of 0 for traces keeps every error event and reports no loss."""
    run(
        BEGIN
        + """
    for number in range(20):
        with sentry_sdk.start_transaction(op="test", name="t"):
            log.error("error %d", number)
    assert lost_events() == {}, lost_events()
    """,
        SENTRY_DSN=sentry.dsn,
        RATE="0",
        **rates,
    )
    assert [kind for kind, _ in sentry.items].count("event") == 20
    assert all(kind != "transaction" for kind, _ in sentry.items)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_the_options_are_valid_for_this_sdk(run: Any, sentry: SentryRecorder, rate: float) -> None:
    """No option is deprecated, and the expected integrations are active with and without traces."""
    finished = run(
        "import warnings; warnings.simplefilter('error')\n"
        + "from textwrap import dedent\nexec(dedent('''"
        + BEGIN
        + """
    client = sentry_sdk.get_client()
    log.info("active", names=sorted(client.integrations), pii=client.options["send_default_pii"])
    '''))""",
        SENTRY_DSN=sentry.dsn,
        RATE=str(rate),
    )
    names = finished.line("active")["names"]
    assert {"celery", "sqlalchemy", "logging"} <= set(names)
    assert {"fastapi", "redis", "starlette"} & set(names) == ({"redis"} if rate else set())
