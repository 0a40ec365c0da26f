"""Which runbook fits an event."""

from pathlib import Path
from typing import Any

import pytest

from securenet_obs.monitoring.sentry import runbook_hint
from securenet_obs.monitoring.sentry.runbook_hint import RUNBOOKS, runbook_for

NOTEBOOKS = Path(__file__).parents[3] / "runbooks"


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
def test_a_broker_that_is_away_has_its_runbook(event: dict[str, Any]) -> None:
    """An error on the way to the broker says so by itself, by its cause, or by who logged it."""
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
def test_any_other_event_has_none(event: dict[str, Any]) -> None:
    """A wrong runbook is worse than none."""
    assert runbook_for(event) is None


def test_the_outermost_exception_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was raised last says best what failed; then the task, then the logger."""
    table = {"exception:m.Outer": "a", "exception:m.Inner": "b", "task:t": "c", "logger:l": "d"}
    monkeypatch.setattr(runbook_hint, "RUNBOOKS", table)
    event = {"transaction": "t", "logger": "l"}
    assert runbook_for(event | exception("m.Inner", "m.Outer")) == "a"
    assert runbook_for(event | exception("m.Inner")) == "b"
    assert runbook_for(event) == "c"
    assert runbook_for({"logger": "l"}) == "d"


def test_every_runbook_of_the_table_exists() -> None:
    """A tag that leads nowhere helps nobody at three in the morning."""
    assert {
        name for name in RUNBOOKS.values() if not (NOTEBOOKS / f"{name}.ipynb").exists()
    } == set()
