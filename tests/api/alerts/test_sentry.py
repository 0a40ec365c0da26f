"""Sentry's webhooks in the documented shapes."""

from typing import Any

import pytest

from securenet_obs.api.alerts.sentry import read_sentry
from tests.vendor_alerts import event_alert, issue_alert, metric_alert


def test_an_event_has_its_exceptions_tags_and_runbook() -> None:
    resource, body = event_alert("a.b.Error: inner", "c.d.Error: outer")
    body["data"]["event"]["contexts"] = {"runbook": {"name": "redis_is_full"}}
    (alert,) = read_sentry(resource, body)
    assert alert.title == "Error: outer"
    assert "a.b.Error: inner\nc.d.Error: outer" in alert.text
    assert alert.runbook == "redis_is_full"
    assert alert.facts["service"] == "securenet-api"
    assert alert.facts["rule"] == "Errors of SecureNet"
    assert not alert.is_resolved


def test_an_error_event_and_its_issue_are_one_alert() -> None:
    """Sentry sends both for a new issue."""
    resource, body = event_alert("a.Error: x", issue_id="77")
    (event,) = read_sentry(resource, body)
    issue = issue_alert("Error", "x")[1]
    issue["data"]["issue"]["id"] = "77"
    (alert,) = read_sentry("issue", issue)
    assert alert.identity == event.identity
    assert "Error: x" in alert.text


@pytest.mark.parametrize(("action", "resolved"), [("created", False), ("resolved", True)])
def test_a_resolved_issue_is_no_alert(action: str, resolved: bool) -> None:
    resource, body = issue_alert("Error", "x", action)
    assert [alert.is_resolved for alert in read_sentry(resource, body)] == [resolved]


def test_a_metric_alert_has_its_rule() -> None:
    (alert,) = read_sentry(*metric_alert("events are lost", "12 lines"))
    assert alert.title == "Critical: events are lost"
    assert alert.text.splitlines() == ["Critical: events are lost", "events are lost", "12 lines"]


def test_other_resources_are_no_alerts() -> None:
    assert read_sentry("installation", {"action": "created", "data": {}}) == []


@pytest.mark.parametrize("resource", ["event_alert", "error", "issue", "metric_alert"])
@pytest.mark.parametrize("data", [None, [], {}, {"event": 1, "issue": [], "metric_alert": "x"}])
def test_a_foreign_document_is_read(resource: str, data: Any) -> None:
    """No shape raises."""
    assert len(read_sentry(resource, {"action": "created", "data": data})) == 1
    tags = {"event": {"tags": [1, ["a"], ["b", 2]], "exception": {"values": 3}}}
    assert read_sentry("event_alert", {"data": tags})[0].facts["b"] == "2"
