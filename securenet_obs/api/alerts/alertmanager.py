"""Reads Alertmanager's webhooks, version 4: one alert for each of a group.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from securenet_obs.api.alerts.alert import ReceivedAlert, as_mapping, as_text

MAX_ALERTS = 100
"""Number of alerts of one request that are read."""


def read_alertmanager(body: Mapping[str, Any]) -> list[ReceivedAlert]:
    """Return the alerts of a webhook."""
    alerts = body.get("alerts")
    rows = alerts if isinstance(alerts, list) else []
    return [_read_alert(as_mapping(row)) for row in rows[:MAX_ALERTS]]


def _read_alert(row: Mapping[str, Any]) -> ReceivedAlert:
    labels = _texts(row.get("labels"))
    annotations = _texts(row.get("annotations"))
    name = labels.get("alertname", "")
    summary = annotations.get("summary") or annotations.get("description", "")
    lines = [f"{key}={value}" for key, value in labels.items() if key != "alertname"]
    texts = [annotations.get(key, "") for key in ("summary", "description", "message")]
    return ReceivedAlert(
        "alertmanager",
        as_text(row.get("fingerprint")) or str(sorted(labels.items())),
        f"{name}: {summary}" if summary else name,
        "\n".join([*lines, name, *texts]),
        annotations.get("runbook") or _name_in(annotations.get("runbook_url", "")),
        {**labels, "startsAt": as_text(row.get("startsAt"))},
        is_resolved=row.get("status") == "resolved",
    )


def _texts(value: object) -> dict[str, str]:
    return {str(name): as_text(text) for name, text in as_mapping(value).items()}


def _name_in(url: str) -> str:
    """Return the last part of an address's path, without its suffix."""
    return PurePosixPath(urlsplit(url).path).stem if url.startswith("http") else ""
