"""Alertmanager's webhooks in the documented shape."""

from securenet_obs.api.alerts.alertmanager import MAX_ALERTS, read_alertmanager
from tests.vendor_alerts import alertmanager, group


def test_each_alert_of_a_group_is_one() -> None:
    """With its labels as facts; a resolved one is known as such."""
    firing = alertmanager("A", "sum", labels={"queue": "logs"})[1]["alerts"]
    resolved = alertmanager("B", status="resolved")[1]["alerts"]
    one, two = read_alertmanager(group([*firing, *resolved]))
    assert (one.title, one.facts["queue"], one.is_resolved) == ("A: sum", "logs", False)
    assert (two.title, two.is_resolved) == ("B", True)
    assert one.identity != two.identity
    assert "queue=logs" in one.text


def test_the_annotation_names_the_runbook() -> None:
    """By name, or by the last part of an address."""
    named = alertmanager("A", runbook="redis_is_full")[1]
    linked = alertmanager("A", runbook_url="https://w/r/redis_is_full.ipynb#act")[1]
    assert [read_alertmanager(body)[0].runbook for body in (named, linked)] == ["redis_is_full"] * 2


def test_a_large_group_is_cut() -> None:
    rows = alertmanager("A")[1]["alerts"] * (MAX_ALERTS + 1)
    assert len(read_alertmanager(group(rows))) == MAX_ALERTS
