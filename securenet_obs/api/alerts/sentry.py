"""Reads Sentry's webhooks: alerts on events, new issues, errors, and metric alerts.

https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
"""

from collections.abc import Mapping
from typing import Any

from securenet_obs.api.alerts.alert import ReceivedAlert, as_mapping, as_text
from securenet_obs.monitoring.sentry.events.runbook_hint import event_text

OPENING = frozenset({"triggered", "created", "unresolved", "critical", "warning"})
"""Actions that begin or repeat an alert."""

_FACTS = ("project", "level", "environment", "release", "culprit", "event_id", "web_url")


def read_sentry(resource: str, body: Mapping[str, Any]) -> list[ReceivedAlert]:
    """Return the alert of a webhook; none for resources such as an installation or a comment.

    Args:
        resource: value of the header Sentry-Hook-Resource.
        body: the request's body.
    """
    data = as_mapping(body.get("data"))
    is_resolved = body.get("action") not in OPENING
    match resource:
        case "event_alert":
            rule = as_text(data.get("triggered_rule"))
            return [_read_event(as_mapping(data.get("event")), rule, is_resolved=is_resolved)]
        case "error":
            return [_read_event(as_mapping(data.get("error")), "", is_resolved=is_resolved)]
        case "issue":
            return [_read_issue(as_mapping(data.get("issue")), is_resolved=is_resolved)]
        case "metric_alert":
            return [_read_metric(data, is_resolved=is_resolved)]
    return []


def _read_event(event: Mapping[str, Any], rule: str, *, is_resolved: bool) -> ReceivedAlert:
    tags = _read_tags(event.get("tags"))
    runbook = as_mapping(as_mapping(event.get("contexts")).get("runbook"))
    title = as_text(event.get("title")) or event_text(event).partition("\n")[0]
    facts = {name: as_text(event.get(name)) for name in _FACTS}
    return ReceivedAlert(
        "sentry",
        f"issue {as_text(event.get('issue_id')) or title}",
        title,
        "\n".join([title, _describe(event), event_text(event)]),
        as_text(runbook.get("name")) or tags.get("runbook", ""),
        {"rule": rule, **facts, **tags},
        is_resolved,
    )


def _read_issue(issue: Mapping[str, Any], *, is_resolved: bool) -> ReceivedAlert:
    title = as_text(issue.get("title"))
    project = as_text(as_mapping(issue.get("project")).get("slug"))
    facts = {name: as_text(issue.get(name)) for name in (*_FACTS, "shortId", "count", "firstSeen")}
    return ReceivedAlert(
        "sentry",
        f"issue {as_text(issue.get('id')) or title}",
        title,
        f"{title}\n{_describe(issue)}",
        facts={**facts, "project": project},
        is_resolved=is_resolved,
    )


def _read_metric(data: Mapping[str, Any], *, is_resolved: bool) -> ReceivedAlert:
    alert = as_mapping(data.get("metric_alert"))
    rule = as_mapping(alert.get("alert_rule"))
    title = as_text(data.get("description_title")) or as_text(alert.get("title"))
    name = as_text(rule.get("name"))
    return ReceivedAlert(
        "sentry",
        f"metric {as_text(rule.get('id')) or title}",
        title,
        "\n".join([title, name, as_text(data.get("description_text"))]),
        facts={"rule": name, "web_url": as_text(data.get("web_url"))},
        is_resolved=is_resolved,
    )


def _describe(subject: Mapping[str, Any]) -> str:
    """Return type and value of an event's or an issue's own error, and its place."""
    metadata = as_mapping(subject.get("metadata"))
    kind, value = as_text(metadata.get("type")), as_text(metadata.get("value"))
    return f"{as_text(subject.get('culprit'))}\n{kind}: {value}" if kind else ""


def _read_tags(tags: object) -> dict[str, str]:
    """Return an event's tags, which are pairs or an object."""
    if isinstance(tags, dict):
        return {str(name): as_text(value) for name, value in tags.items()}
    pairs = tags if isinstance(tags, list) else []
    return {
        as_text(pair[0]): as_text(pair[1])
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2
    }
