"""Rule of needs: those that a notebook declares are those that its calls imply."""

import ast
from collections.abc import Iterator

from securenet_obs.authoring.finding import Finding
from securenet_obs.authoring.page import Page

IMPLIED = {
    "ApiClient": "api", "submit_logs": "tenant-keys", "wait_for_task": "tenant-keys worker",
    "run_tenant_load": "tenant-keys worker diagnostics", "attempt_forbidden_access": "tenant-keys",
    "plant_secrets": "api diagnostics", "raise_error": "diagnostics",
    "open_error_events": "read-events", "start_notebook_monitoring": "sentry", "log_source": "logs",
    "TaskProbe": "redis", "BrokerProbe": "redis", "read_redis_content": "redis",
    "run_round_trips": "worker", "workers": "worker", "wait_for_task_ends": "worker",
    "pools": "worker", "wait_for_hops": "worker", "wait_for_dispatch": "worker",
    "wait_for_beat_entry": "beat", "beat_tick": "beat", "wait_for_check_in": "check-ins",
    "open_telemetry": "read-events", "read_back_transactions": "transactions",
    "run_drills": "local-stack", "run_command": "local-stack", "register_tenant": "local-stack",
    "QueueIsGrowing": "redis worker", "WorkerIsGone": "redis",
    "wait_for_ledger": "redis worker logs",
    "LogsDoNotParse": "logs store",
    "SentryIsSilent": "sentry logs read-events",
    "ErrorsAreSpiking": "logs read-events",
    "TenantAsksWhatHappened": "redis logs store read-events",
    "WorkerAnswersButDoesNothing": "redis",
    "TaskIsPoisonous": "redis store",
    "ScheduleStopped": "redis store",
    "TasksRunTwice": "redis",
    "RedisRefusesWrites": "redis",
    "RedisIsFull": "redis",
    "RedisEvictedTasks": "redis",
    "TasksAreStuckUnacked": "redis",
    "CriticalVulnerabilityFound": "redis store worker",
    "SecretWasLogged": "redis store logs",
    "open_start_page": "redis api", "flush_sentry": "sentry",
    "StoreProbe": "store", "run_vulnerability_scan": "worker", "put_inventory": "tenant-keys",
}  # fmt: skip
"""Name that a notebook calls or reads -> the needs that it implies."""

_SERVICES = ("worker", "beat")


def find_undeclared_needs(page: Page) -> Iterator[Finding]:
    """Each call that needs a part of the target is declared, and each declared need is used."""
    declared, implied = set(page.declared.all_needs), set(_implied_by(page))
    for need in sorted(implied - declared):
        yield page.find("needs", f"the code needs `{need}`; add it to `needs` in the metadata")
    for need in sorted(declared - implied):
        problem = f"`{need}` is declared and nothing uses it; remove it, or add the call that needs"
        yield page.find("needs", f"{problem} it to securenet_obs/authoring/needs.py")


def _implied_by(page: Page) -> Iterator[str]:
    nodes = [node for cell in page.code for node in cell.nodes]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name)}
    for name in used & IMPLIED.keys():
        yield from IMPLIED[name].split()
    # Processes that are found by the name of their service.
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    yield from (need for need in _SERVICES if f"securenet-{need}" in words)
