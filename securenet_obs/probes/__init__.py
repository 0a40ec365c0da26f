"""Probes: what reads back that which really arrived."""

from securenet_obs.probes.api import ApiClient, ApiTask, ProvokedError, Submission
from securenet_obs.probes.arrivals import (
    Arrival,
    arrival_table,
    new_canary,
    new_secret,
    read_back,
)
from securenet_obs.probes.backends import error_events
from securenet_obs.probes.events import ErrorEvent, ErrorEvents
from securenet_obs.probes.log_contract import REQUIRED_FIELDS, contract_violations
from securenet_obs.probes.log_fields import LEVELS
from securenet_obs.probes.log_frame import LogFrame, log_frame
from securenet_obs.probes.log_search import await_lines, services_of
from securenet_obs.probes.network_samples import sample_records
from securenet_obs.probes.queue_diagnosis import pool_growth, queue_decisions
from securenet_obs.probes.queues import QueueProbe, queue_rates
from securenet_obs.probes.tasks import (
    BeatTick,
    PickleOutcome,
    TaskProbe,
)
from securenet_obs.probes.trips import executing_workers, latency_percentiles

__all__ = [
    "LEVELS",
    "REQUIRED_FIELDS",
    "ApiClient",
    "ApiTask",
    "Arrival",
    "BeatTick",
    "ErrorEvent",
    "ErrorEvents",
    "LogFrame",
    "PickleOutcome",
    "ProvokedError",
    "QueueProbe",
    "Submission",
    "TaskProbe",
    "arrival_table",
    "await_lines",
    "contract_violations",
    "error_events",
    "executing_workers",
    "latency_percentiles",
    "log_frame",
    "new_canary",
    "new_secret",
    "pool_growth",
    "queue_decisions",
    "queue_rates",
    "read_back",
    "sample_records",
    "services_of",
]
