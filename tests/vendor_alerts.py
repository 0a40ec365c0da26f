"""Alerts in the shapes that Sentry and Alertmanager document."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

INSTALLATION = {"installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"}}
ACTOR = {"actor": {"id": "sentry", "name": "Sentry", "type": "application"}}

Alert = tuple[str, dict[str, Any]]
"""Sentry's resource, or `alertmanager`, and the body."""


def event_alert(*errors: str, message: str = "", **fields: Any) -> Alert:
    """Return Sentry's alert on an event of chained exceptions, the innermost first."""
    values = []
    for error in errors:
        name, _, value = error.partition(": ")
        module, _, kind = name.rpartition(".")
        values.append({"module": module, "type": kind, "value": value, "stacktrace": None})
    last = values[-1] if values else {"type": "", "value": message}
    event = {
        "event_id": "e4874d664c3540c1a32eab185f12c5ab",
        "issue_id": hashlib.md5(repr((errors, message)).encode()).hexdigest()[:10],
        "project": 1,
        "platform": "python",
        "level": "error",
        "title": f"{last['type']}: {last['value']}" if values else message,
        "culprit": "securenet_obs.api.app in submit_logs",
        "metadata": {"type": last["type"], "value": last["value"]}
        if values
        else {"title": message},
        "tags": [["environment", "production"], ["service", "securenet-api"], ["level", "error"]],
        "logentry": {"message": message, "formatted": message} if message else None,
        "exception": {"values": values} if values else None,
        "web_url": "https://sentry.io/organizations/o/issues/1117540176/events/e4874/",
        "datetime": "2026-11-27T08:00:00.000000Z",
        **fields,
    }
    data = {"event": event, "triggered_rule": "Errors of SecureNet"}
    return "event_alert", {"action": "triggered", "data": data, **ACTOR, **INSTALLATION}


def issue_alert(kind: str, value: str, action: str = "created") -> Alert:
    """Return Sentry's webhook of an issue."""
    issue = {
        "id": hashlib.md5(value.encode()).hexdigest()[:10],
        "shortId": "SECURENET-1",
        "title": f"{kind}: {value}",
        "culprit": "securenet_obs.workers.tasks.process_network_logs",
        "level": "error",
        "status": "unresolved",
        "metadata": {"type": kind, "value": value, "filename": "redis/connection.py"},
        "project": {"id": "1", "name": "securenet", "slug": "securenet", "platform": "python"},
        "count": "1",
        "firstSeen": "2026-11-27T08:00:00Z",
        "web_url": "https://sentry.io/organizations/o/issues/1170820242/",
    }
    return "issue", {"action": action, "data": {"issue": issue}, **ACTOR, **INSTALLATION}


def metric_alert(name: str, description: str) -> Alert:
    """Return Sentry's metric alert."""
    data = {
        "metric_alert": {
            "id": "115",
            "identifier": "7",
            "alert_rule": {"id": "7", "name": name, "aggregate": "count()", "query": ""},
            "title": name,
        },
        "description_text": description,
        "description_title": f"Critical: {name}",
        "web_url": "https://sentry.io/organizations/o/alerts/rules/details/7/",
    }
    return "metric_alert", {"action": "critical", "data": data, **ACTOR, **INSTALLATION}


def alertmanager(name: str, summary: str = "", status: str = "firing", **extra: Any) -> Alert:
    """Return Alertmanager's webhook with one alert; `extra` are annotations, or `labels`."""
    labels = {"alertname": name, "severity": "page", **extra.pop("labels", {})}
    annotations = {"summary": summary, **extra}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-11-27T08:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": hashlib.md5(repr(labels).encode()).hexdigest()[:16],
    }
    return "alertmanager", group([alert])


def group(alerts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return Alertmanager's notification of a group of alerts."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="A"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "securenet",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(alerts),
    }


PUBLISH = "securenet_obs.errors.PublishError: the broker did not accept it."

RELATED: dict[str, tuple[str, Alert]] = {
    "a metric of our rules": (
        "queue_is_growing",
        alertmanager(
            "SecureNetQueueIsGrowing",
            "The oldest message of queue logs has waited for 9m.",
            labels={"queue": "logs"},
            runbook="queue_is_growing",
        ),
    ),
    "our rule without its annotation": (
        "schedule_stopped",
        alertmanager("SecureNetBeatIsSilent", "Beat has not ticked for a minute."),
    ),
    "another rule with an address": (
        "tasks_are_stuck_unacked",
        alertmanager(
            "CeleryUnacked", runbook_url="https://wiki/runbooks/tasks_are_stuck_unacked.ipynb"
        ),
    ),
    "redis_exporter on evictions": (
        "redis_evicted_tasks",
        alertmanager(
            "RedisEvicts", "redis_evicted_keys_total of redis:6379 rises: evicted_keys > 0"
        ),
    ),
    "a full memory under a failed publication": (
        "redis_is_full",
        event_alert(
            "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'max'.",
            "kombu.exceptions.OperationalError: command not allowed when used memory",
            PUBLISH,
        ),
    ),
    "a failed save": (
        "redis_refuses_writes",
        event_alert(
            "redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, "
            "but it's currently unable to persist to disk.",
            message="Unrecoverable error: ResponseError('MISCONF Redis is configured')",
        ),
    ),
    "a failover": (
        "redis_refuses_writes",
        issue_alert("ReadOnlyError", "You can't write against a read only replica."),
    ),
    "a missing right": (
        "redis_refuses_writes",
        event_alert(
            "redis.exceptions.NoPermissionError: this user has no permissions to run the 'set' "
            "command"
        ),
    ),
    "a starting Redis": (
        "redis_refuses_writes",
        issue_alert("BusyLoadingError", "Redis is loading the dataset in memory"),
    ),
    "a killed process": (
        "task_is_poisonous",
        event_alert(
            "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) "
            "Job: 3."
        ),
    ),
    "a worker that ended": (
        "worker_is_gone",
        event_alert(
            "redis.exceptions.ConnectionError: Connection closed by server.",
            message="Unrecoverable error: ConnectionError('Connection closed by server.')",
        ),
    ),
    "Redis that does not answer": (
        "queue_is_growing",
        event_alert(
            "builtins.ConnectionRefusedError: [Errno 111] Connection refused",
            "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection "
            "refused.",
            PUBLISH,
        ),
    ),
    "a missed check-in": (
        "schedule_stopped",
        issue_alert("Cron failure", "vulnerability-scan: A missed check-in was detected"),
    ),
    "events that were lost": (
        "sentry_is_silent",
        metric_alert("sentry_events_lost of a service", "12 lines in the last 5 minutes"),
    ),
    "an event with the context of its process": (
        "task_is_poisonous",
        event_alert(
            "acme.errors.Unknown: of a later version",
            contexts={"runbook": {"name": "task_is_poisonous"}},
        ),
    ),
}
"""Case -> the right runbook, and the alert."""

UNRELATED: dict[str, Alert] = {
    "disk": alertmanager("NodeFilesystemSpaceFillingUp", "Filesystem has less than 5% space left."),
    "certificate": alertmanager("CertificateExpiry", "cert of shop.example expires in 6 days"),
    "pod": alertmanager(
        "KubePodCrashLooping",
        "Pod is crash looping: OOMKilled",
        labels={"pod": "grafana-0"},
        runbook_url="https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodcrashlooping",
    ),
    "watchdog": alertmanager(
        "Watchdog", "This is an alert meant to ensure that all is functional."
    ),
    "java": event_alert("java.lang.OutOfMemoryError: Java heap space"),
    "browser": issue_alert("TypeError", "undefined is not an object (evaluating 'a.b')"),
    "page": issue_alert("SyntaxError", "Unexpected token '<', \"<!doctype \"... is not valid JSON"),
    "chunk": event_alert("builtins.ChunkLoadError: LOADING chunk 7 failed"),
    "database": event_alert(
        "sqlalchemy.exc.OperationalError: (psycopg) server closed the connection"
    ),
    "latency": metric_alert("p95 of checkout", "p95(transaction.duration) above 2 s, reading only"),
}
"""Case -> an alert that leads to no runbook."""


def sentry_headers(secret: str, resource: str, content: bytes) -> dict[str, str]:
    """Return the headers of Sentry's request."""
    return {
        "Content-Type": "application/json",
        "Request-ID": "40e9ae3e0dd34a1d9f4e0a5c1d9f4e0a",
        "Sentry-Hook-Resource": resource,
        "Sentry-Hook-Timestamp": "1764230400",
        "Sentry-Hook-Signature": hmac.new(secret.encode(), content, hashlib.sha256).hexdigest(),
    }


def request_for(alert: Alert, secret: str, token: str) -> tuple[bytes, dict[str, str]]:
    """Return content and headers of the vendor's request."""
    resource, body = alert
    content = json.dumps(body).encode()
    if resource == "alertmanager":
        return content, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return content, sentry_headers(secret, resource, content)
