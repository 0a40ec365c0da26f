"""Probes send tasks and errors to a target, and read back events, log lines, tasks and queues."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securenet_obs.probes.celery.broker import BrokerProbe, BrokerState
    from securenet_obs.probes.celery.queues import QueueProbe, compute_queue_rates
    from securenet_obs.probes.celery.round_trips import (
        compute_latency_percentiles,
        count_tasks_by_worker,
        for_tenant,
    )
    from securenet_obs.probes.celery.tasks import (
        BeatTick,
        PickleOutcome,
        TaskProbe,
    )
    from securenet_obs.probes.celery.versions import find_bad_versions
    from securenet_obs.probes.errors.arrivals import Arrival, read_back_events, tabulate_arrivals
    from securenet_obs.probes.errors.backends import open_error_events
    from securenet_obs.probes.errors.events import ErrorEvent, ErrorEvents
    from securenet_obs.probes.health.beat import probe_beat
    from securenet_obs.probes.health.health import Health
    from securenet_obs.probes.health.redis_writes import probe_redis
    from securenet_obs.probes.health.sentry_events import probe_sentry
    from securenet_obs.probes.health.worker import probe_worker
    from securenet_obs.probes.http.api import ApiClient, ApiTask, ProvokedError, Submission
    from securenet_obs.probes.ledger.balance import (
        Ledger,
        read_ledger,
        read_task,
        wait_for_ledger,
        wait_for_period,
    )
    from securenet_obs.probes.logs.check import check_lines
    from securenet_obs.probes.logs.clock import measure_clock_difference_s
    from securenet_obs.probes.logs.contract import REQUIRED_FIELDS, find_contract_violations
    from securenet_obs.probes.logs.fields.levels import LEVELS
    from securenet_obs.probes.logs.frame import LogFrame, log_frame
    from securenet_obs.probes.logs.search import (
        find_services,
        wait_for_log_lines,
        wait_for_task_ends,
    )
    from securenet_obs.probes.markers import generate_canary, generate_secret
    from securenet_obs.probes.scenarios.commands import register_tenant, run_command
    from securenet_obs.probes.scenarios.drills import run_drills
    from securenet_obs.probes.scenarios.hops import (
        find_lost_ids,
        tabulate_event_hops,
        wait_for_hops,
    )
    from securenet_obs.probes.scenarios.leaks import count_occurrences, plant_secrets
    from securenet_obs.probes.scenarios.log_schema import SchemaDrift, record_log_schema
    from securenet_obs.probes.scenarios.network_samples import generate_network_records
    from securenet_obs.probes.scenarios.planted_logs import (
        REJECTED,
        generate_mixed_records,
        tabulate_planted_minutes,
    )
    from securenet_obs.probes.scenarios.planted_packages import (
        CAUSES,
        FIXES,
        FOUND,
        SEVERITIES,
        PlantedPackages,
    )
    from securenet_obs.probes.scenarios.planted_series import (
        as_records,
        find_unexplained,
        generate_series,
        tabulate_anomalies,
    )
    from securenet_obs.probes.scenarios.schedule import (
        Dispatch,
        find_misdated_entries,
        wait_for_beat_entry,
        wait_for_check_in,
        wait_for_dispatch,
    )
    from securenet_obs.probes.scenarios.sinks import (
        dump_events,
        read_evidence,
        read_log_sizes,
        read_logs_since,
        read_redis_content,
        wait_for_log_text,
    )
    from securenet_obs.probes.scenarios.tenancy import (
        attempt_forbidden_access,
        count_overlapping_requests,
        find_cross_tenant_events,
        find_cross_tenant_lines,
        find_cross_tenant_results,
        run_tenant_load,
        wait_for_results,
    )
    from securenet_obs.probes.scenarios.transactions import (
        CHAIN_TRANSACTIONS,
        find_missing_transactions,
        find_spanless_transactions,
        find_unlinked_transactions,
        read_back_transactions,
        tabulate_transactions,
    )
    from securenet_obs.probes.store.reading import StoreProbe
    from securenet_obs.probes.telemetry.backends import open_telemetry
    from securenet_obs.probes.telemetry.readers import CheckIn, TelemetryReader, Transaction

__all__ = [
    "CAUSES",
    "CHAIN_TRANSACTIONS",
    "FIXES",
    "FOUND",
    "LEVELS",
    "REJECTED",
    "REQUIRED_FIELDS",
    "SEVERITIES",
    "ApiClient",
    "ApiTask",
    "Arrival",
    "BeatTick",
    "BrokerProbe",
    "BrokerState",
    "CheckIn",
    "Dispatch",
    "ErrorEvent",
    "ErrorEvents",
    "Health",
    "Ledger",
    "LogFrame",
    "PickleOutcome",
    "PlantedPackages",
    "ProvokedError",
    "QueueProbe",
    "SchemaDrift",
    "StoreProbe",
    "Submission",
    "TaskProbe",
    "TelemetryReader",
    "Transaction",
    "as_records",
    "attempt_forbidden_access",
    "check_lines",
    "compute_latency_percentiles",
    "compute_queue_rates",
    "count_occurrences",
    "count_overlapping_requests",
    "count_tasks_by_worker",
    "dump_events",
    "find_bad_versions",
    "find_contract_violations",
    "find_cross_tenant_events",
    "find_cross_tenant_lines",
    "find_cross_tenant_results",
    "find_lost_ids",
    "find_misdated_entries",
    "find_missing_transactions",
    "find_services",
    "find_spanless_transactions",
    "find_unexplained",
    "find_unlinked_transactions",
    "for_tenant",
    "generate_canary",
    "generate_mixed_records",
    "generate_network_records",
    "generate_secret",
    "generate_series",
    "log_frame",
    "measure_clock_difference_s",
    "open_error_events",
    "open_telemetry",
    "plant_secrets",
    "probe_beat",
    "probe_redis",
    "probe_sentry",
    "probe_worker",
    "read_back_events",
    "read_back_transactions",
    "read_evidence",
    "read_ledger",
    "read_log_sizes",
    "read_logs_since",
    "read_redis_content",
    "read_task",
    "record_log_schema",
    "register_tenant",
    "run_command",
    "run_drills",
    "run_tenant_load",
    "tabulate_anomalies",
    "tabulate_arrivals",
    "tabulate_event_hops",
    "tabulate_planted_minutes",
    "tabulate_transactions",
    "wait_for_beat_entry",
    "wait_for_check_in",
    "wait_for_dispatch",
    "wait_for_hops",
    "wait_for_ledger",
    "wait_for_log_lines",
    "wait_for_log_text",
    "wait_for_period",
    "wait_for_results",
    "wait_for_task_ends",
]

_NAMES = {
    "celery.broker": ("BrokerProbe", "BrokerState"),
    "celery.versions": ("find_bad_versions",),
    "celery.queues": ("QueueProbe", "compute_queue_rates"),
    "celery.round_trips": ("compute_latency_percentiles", "count_tasks_by_worker", "for_tenant"),
    "celery.tasks": ("BeatTick", "PickleOutcome", "TaskProbe"),
    "errors.arrivals": ("Arrival", "read_back_events", "tabulate_arrivals"),
    "errors.backends": ("open_error_events",),
    "errors.events": ("ErrorEvent", "ErrorEvents"),
    "health.beat": ("probe_beat",),
    "health.health": ("Health",),
    "health.redis_writes": ("probe_redis",),
    "health.sentry_events": ("probe_sentry",),
    "health.worker": ("probe_worker",),
    "http.api": ("ApiClient", "ApiTask", "ProvokedError", "Submission"),
    "ledger.balance": ("Ledger", "read_ledger", "read_task", "wait_for_ledger", "wait_for_period"),
    "logs.check": ("check_lines",),
    "logs.clock": ("measure_clock_difference_s",),
    "logs.contract": ("REQUIRED_FIELDS", "find_contract_violations"),
    "logs.fields.levels": ("LEVELS",),
    "logs.frame": ("LogFrame", "log_frame"),
    "logs.search": ("find_services", "wait_for_log_lines", "wait_for_task_ends"),
    "markers": ("generate_canary", "generate_secret"),
    "scenarios.commands": ("register_tenant", "run_command"),
    "scenarios.drills": ("run_drills",),
    "scenarios.hops": ("find_lost_ids", "tabulate_event_hops", "wait_for_hops"),
    "scenarios.leaks": ("count_occurrences", "plant_secrets"),
    "scenarios.log_schema": ("SchemaDrift", "record_log_schema"),
    "scenarios.network_samples": ("generate_network_records",),
    "scenarios.planted_logs": ("REJECTED", "generate_mixed_records", "tabulate_planted_minutes"),
    "scenarios.planted_packages": ("CAUSES", "FIXES", "FOUND", "SEVERITIES", "PlantedPackages"),
    "scenarios.planted_series": (
        "as_records",
        "find_unexplained",
        "generate_series",
        "tabulate_anomalies",
    ),
    "scenarios.schedule": (
        "Dispatch",
        "find_misdated_entries",
        "wait_for_beat_entry",
        "wait_for_check_in",
        "wait_for_dispatch",
    ),
    "scenarios.sinks": (
        "dump_events",
        "read_evidence",
        "read_log_sizes",
        "read_logs_since",
        "read_redis_content",
        "wait_for_log_text",
    ),
    "scenarios.tenancy": (
        "attempt_forbidden_access",
        "count_overlapping_requests",
        "find_cross_tenant_events",
        "find_cross_tenant_lines",
        "find_cross_tenant_results",
        "run_tenant_load",
        "wait_for_results",
    ),
    "scenarios.transactions": (
        "CHAIN_TRANSACTIONS",
        "find_missing_transactions",
        "find_spanless_transactions",
        "find_unlinked_transactions",
        "read_back_transactions",
        "tabulate_transactions",
    ),
    "store.reading": ("StoreProbe",),
    "telemetry.backends": ("open_telemetry",),
    "telemetry.readers": ("CheckIn", "TelemetryReader", "Transaction"),
}
"""Module below this package -> the public names that it defines."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first used: pandas and Celery take 0.5 s."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
