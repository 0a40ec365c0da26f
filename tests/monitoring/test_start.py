"""Everything a process needs to be observed."""

from typing import Any

import pytest

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
def test_a_process_is_named_and_observed(run: Any, variables: dict[str, str], service: str) -> None:
    """Lines, prints and the missing DSN are told under the name that SERVICE_NAME may override."""
    finished = run(CODE, **variables)
    assert [line["event"] for line in finished.lines] == ["sentry_disabled", "hello", "printed"]
    assert {line["service"] for line in finished.lines} == {service}


def test_production_without_a_dsn_does_not_start(run: Any) -> None:
    """The error names the variable, as a line, and the process ends."""
    finished = run(CODE, ENVIRONMENT="production", SENTRY_DSN="")
    assert finished.code == 1
    (line,) = finished.lines
    assert "SENTRY_DSN" in line["exception"][0]["exc_value"]


def test_a_notebook_shows_prints_and_warnings_only(run: Any) -> None:
    """Its reader came for the prose; SERVICE_NAME is the target's, not the notebook's."""
    code = CODE.replace('start_monitoring(load_settings(), "by-default")', "NOTEBOOK")
    code = code.replace("start_monitoring", "start_notebook_monitoring")
    code = code.replace("NOTEBOOK", "start_notebook_monitoring(load_settings())")
    finished = run(code, SERVICE_NAME="securenet")
    warning, printed = finished.stdout.splitlines()
    assert printed == "printed"
    assert '"event":"sentry_disabled"' in warning
    assert '"service":"securenet-notebook"' in warning
