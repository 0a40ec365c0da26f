"""Probes read back the events, log lines, tasks and queues that really arrived at a target."""

from securenet_obs.probes.celery.broker import BrokerProbe, BrokerState, known_bad
from securenet_obs.probes.celery.queue_diagnosis import pool_growth, queue_decisions
from securenet_obs.probes.celery.queues import QueueProbe, queue_rates
from securenet_obs.probes.celery.round_trips import executing_workers, latency_percentiles
from securenet_obs.probes.celery.tasks import (
    BeatTick,
    PickleOutcome,
    TaskProbe,
)
from securenet_obs.probes.errors.arrivals import (
    Arrival,
    arrival_table,
    new_canary,
    new_secret,
    read_back,
)
from securenet_obs.probes.errors.backends import error_events
from securenet_obs.probes.errors.events import ErrorEvent, ErrorEvents
from securenet_obs.probes.http.api import ApiClient, ApiTask, ProvokedError, Submission
from securenet_obs.probes.logs.contract import REQUIRED_FIELDS, contract_violations
from securenet_obs.probes.logs.fields import LEVELS
from securenet_obs.probes.logs.frame import LogFrame, log_frame
from securenet_obs.probes.logs.search import await_lines, await_tasks, services_of
from securenet_obs.probes.scenarios.drills import run_drills
from securenet_obs.probes.scenarios.hops import await_hops, event_hops, hops_that_lost
from securenet_obs.probes.scenarios.leaks import plant_secrets, sightings
from securenet_obs.probes.scenarios.network_samples import sample_records
from securenet_obs.probes.scenarios.schedule import Dispatch, await_dispatch, await_entry
from securenet_obs.probes.scenarios.sinks import (
    await_text,
    evidence_so_far,
    log_sizes,
    logs_since,
    redis_content,
    stored_events,
)
from securenet_obs.probes.scenarios.tenancy import (
    await_results,
    load_tenants,
    mixed_events,
    mixed_lines,
    mixed_results,
    overlapping,
    trespass,
)

__all__ = [
    "LEVELS",
    "REQUIRED_FIELDS",
    "ApiClient",
    "ApiTask",
    "Arrival",
    "BeatTick",
    "BrokerProbe",
    "BrokerState",
    "Dispatch",
    "ErrorEvent",
    "ErrorEvents",
    "LogFrame",
    "PickleOutcome",
    "ProvokedError",
    "QueueProbe",
    "Submission",
    "TaskProbe",
    "arrival_table",
    "await_dispatch",
    "await_entry",
    "await_hops",
    "await_lines",
    "await_results",
    "await_tasks",
    "await_text",
    "contract_violations",
    "error_events",
    "event_hops",
    "evidence_so_far",
    "executing_workers",
    "hops_that_lost",
    "known_bad",
    "latency_percentiles",
    "load_tenants",
    "log_frame",
    "log_sizes",
    "logs_since",
    "mixed_events",
    "mixed_lines",
    "mixed_results",
    "new_canary",
    "new_secret",
    "overlapping",
    "plant_secrets",
    "pool_growth",
    "queue_decisions",
    "queue_rates",
    "read_back",
    "redis_content",
    "run_drills",
    "sample_records",
    "services_of",
    "sightings",
    "stored_events",
    "trespass",
]
