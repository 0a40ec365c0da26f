"""Start of monitoring in a process."""

import os
from textwrap import dedent
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from securenet_obs.monitoring.sentry.recorder import SentryRecorder

CODE = """
    import structlog
    from securenet_obs.monitoring import start_monitoring
    from securenet_obs.settings import load_settings
    start_monitoring(load_settings(), "by-default")
    structlog.get_logger("ours").info("hello")
    print("printed")
"""


@pytest.mark.parametrize(
    ("variables", "service"), [({}, "by-default"), ({"SERVICE_NAME": "x"}, "x")]
)
def test_a_service_has_its_name_on_every_line(
    run: Any, variables: dict[str, str], service: str
) -> None:
    """Lines, prints and the missing DSN have the service's name, or SERVICE_NAME if it is set."""
    finished = run(CODE, **variables)
    assert [line["event"] for line in finished.lines] == ["sentry_disabled", "hello", "printed"]
    assert {line["service"] for line in finished.lines} == {service}


def test_production_without_a_dsn_does_not_start(run: Any) -> None:
    """A line with the error names the variable, and the process ends."""
    finished = run(CODE, ENVIRONMENT="production", SENTRY_DSN="")
    assert finished.code == 1
    (line,) = finished.lines
    assert "SENTRY_DSN" in line["exception"][0]["exc_value"]


def test_a_notebook_shows_prints_and_warnings_only(run: Any) -> None:
    """Log lines below warning are hidden, and SERVICE_NAME does not apply to a notebook."""
    code = CODE.replace('start_monitoring(load_settings(), "by-default")', "NOTEBOOK")
    code = code.replace("start_monitoring", "start_notebook_monitoring")
    code = code.replace("NOTEBOOK", "start_notebook_monitoring(load_settings())")
    finished = run(code, SERVICE_NAME="securenet")
    warning, printed = finished.stdout.splitlines()
    assert printed == "printed"
    assert '"event":"sentry_disabled"' in warning
    assert '"service":"securenet-notebook"' in warning


def test_a_notebook_has_the_release_of_its_target(run: Any, sentry: SentryRecorder) -> None:
    """The release of another service, whose variables its shell has, is not the notebook's."""
    code = CODE.replace('start_monitoring(load_settings(), "by-default")', "NOTEBOOK")
    code = code.replace("start_monitoring", "start_notebook_monitoring").replace("info", "error")
    code = code.replace("NOTEBOOK", "start_notebook_monitoring(load_settings())")
    variables = {"SENTRY_RELEASE": "billing@1", "SECURENET_RELEASE": "securenet@7"}
    run(code, SENTRY_DSN=sentry.dsn, **variables)
    assert [event["release"] for event in sentry.events] == ["securenet@7"]


@pytest.mark.parametrize(("start", "traced"), [("NOTEBOOK", False), ("SERVICE", True)])
def test_services_are_traced_by_default_and_notebooks_are_not(
    run: Any, sentry: SentryRecorder, start: str, traced: bool
) -> None:
    """Without a setting a service samples; rates of operations do not apply to a notebook."""
    code = """
    import sentry_sdk, structlog
    from securenet_obs.monitoring import start
    from securenet_obs.settings import load_settings
    calls = {"NOTEBOOK": start.start_notebook_monitoring,
             "SERVICE": lambda settings: start.start_monitoring(settings, "ours")}
    calls["START"](load_settings())
    sampler = sentry_sdk.get_client().options["traces_sampler"]
    rate = sampler({"parent_sampled": None}) if sampler else None
    structlog.get_logger("ours").warning("started", rate=rate)
    """
    rates = {"SENTRY_DSN": sentry.dsn, "SENTRY_TRACES_RATES": "GET /x=1"}
    finished = run(code.replace("START", start), **rates)
    assert finished.line("started")["rate"] == (0.1 if traced else None)


@pytest.mark.stack
def test_a_kernel_sends_pending_events_before_it_ends(sentry: SentryRecorder) -> None:
    """An error of a notebook's last cell arrives at a slow Sentry without a flush."""
    sentry.delay_s = 0.3
    code = """
        from securenet_obs import monitoring
        from securenet_obs.settings import get_settings
        monitoring.start_notebook_monitoring(get_settings())
        with monitoring.bound_tenant("acme"), monitoring.report_errors():
            monitoring.fail_on_purpose("canary-in-a-kernel", "secret")
    """
    environment = {**os.environ, "SENTRY_DSN": sentry.dsn, "ENVIRONMENT": "test"}
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    try:
        client.execute_interactive(dedent(code), timeout=30, output_hook=lambda _: None)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    (event,) = sentry.events
    assert event["tags"].items() >= {"tenant_id": "acme", "service": "securenet-notebook"}.items()
