"""Mapping of events to runbooks."""

from pathlib import Path
from typing import Any

import pytest

from securenet_obs.monitoring.sentry.events import runbook_hint
from securenet_obs.monitoring.sentry.events.runbook_hint import RUNBOOKS, runbook_for

NOTEBOOKS = Path(__file__).parents[4] / "runbooks"


def exception(*types: str) -> dict[str, Any]:
    """Return an event of chained exceptions, the innermost first, as the SDK writes it."""
    named = [name.rpartition(".") for name in types]
    return {"exception": {"values": [{"module": parts[0], "type": parts[2]} for parts in named]}}


@pytest.mark.parametrize(
    "event",
    [
        exception("securenet_obs.errors.PublishError"),
        exception("redis.exceptions.ConnectionError", "securenet_obs.errors.UnreachableError"),
        {"logger": "celery.worker.consumer.consumer", "logentry": {"message": "cannot connect"}},
    ],
)
def test_an_unavailable_broker_has_its_runbook(event: dict[str, Any]) -> None:
    """Broker errors are recognised by their type, their cause or their logger."""
    assert runbook_for(event) == "queue_is_growing"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"exception": None},
        {"exception": {"values": None}},
        {"exception": {"values": [None, "text"]}},
        exception("builtins.ValueError"),
        exception("sqlalchemy.exc.OperationalError", "securenet_obs.errors.UnreachableError"),
        {"logger": "another", "transaction": "another"},
    ],
)
def test_any_other_event_has_no_runbook(event: dict[str, Any]) -> None:
    """A wrong runbook would be worse than none."""
    assert runbook_for(event) is None


def test_the_outermost_exception_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of precedence is: last exception, its causes, task, logger."""
    table = {"exception:m.Outer": "a", "exception:m.Inner": "b", "task:t": "c", "logger:l": "d"}
    monkeypatch.setattr(runbook_hint, "RUNBOOKS", table)
    event = {"transaction": "t", "logger": "l"}
    assert runbook_for(event | exception("m.Inner", "m.Outer")) == "a"
    assert runbook_for(event | exception("m.Inner")) == "b"
    assert runbook_for(event) == "c"
    assert runbook_for({"logger": "l"}) == "d"


def test_every_runbook_of_the_table_exists() -> None:
    """Every runbook in the table is a notebook in runbooks/."""
    assert {
        name for name in RUNBOOKS.values() if not (NOTEBOOKS / f"{name}.ipynb").exists()
    } == set()


def test_a_critical_finding_has_its_runbook() -> None:
    """The event is recognised by its logger."""
    logger = "securenet_obs.detection.vulnerabilities.stored.scans"
    assert runbook_for({"logger": logger}) == "critical_vulnerability_found"
