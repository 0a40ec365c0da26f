"""On-call: the frame of runbooks: decisions, confirmed actions, verification, history, note."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securenet_obs.oncall.actions.action_file import named_action
    from securenet_obs.oncall.actions.celery import grow_pool, shed_expired
    from securenet_obs.oncall.actions.step import Action, Manual
    from securenet_obs.oncall.decisions import Row
    from securenet_obs.oncall.session import Finding, Runbook, open_runbook
    from securenet_obs.oncall.start_page import StartPage, open_start_page, show_dashboard
    from securenet_obs.oncall.symptoms.critical_vulnerability_found import (
        CriticalVulnerabilityFound,
    )
    from securenet_obs.oncall.symptoms.errors_are_spiking import ErrorsAreSpiking
    from securenet_obs.oncall.symptoms.logs_do_not_parse import LogsDoNotParse
    from securenet_obs.oncall.symptoms.queue_is_growing import QueueIsGrowing
    from securenet_obs.oncall.symptoms.redis_evicted_tasks import RedisEvictedTasks
    from securenet_obs.oncall.symptoms.redis_is_full import RedisIsFull
    from securenet_obs.oncall.symptoms.redis_refuses_writes import RedisRefusesWrites
    from securenet_obs.oncall.symptoms.schedule_stopped import ScheduleStopped
    from securenet_obs.oncall.symptoms.secret_was_logged import SecretWasLogged
    from securenet_obs.oncall.symptoms.sentry_is_silent import SentryIsSilent
    from securenet_obs.oncall.symptoms.task_is_poisonous import TaskIsPoisonous
    from securenet_obs.oncall.symptoms.tasks_are_stuck_unacked import TasksAreStuckUnacked
    from securenet_obs.oncall.symptoms.tasks_run_twice import TasksRunTwice
    from securenet_obs.oncall.symptoms.tenant_asks_what_happened import TenantAsksWhatHappened
    from securenet_obs.oncall.symptoms.worker_answers_but_does_nothing import (
        WorkerAnswersButDoesNothing,
    )
    from securenet_obs.oncall.symptoms.worker_is_gone import WorkerIsGone

__all__ = [
    "Action",
    "CriticalVulnerabilityFound",
    "ErrorsAreSpiking",
    "Finding",
    "LogsDoNotParse",
    "Manual",
    "QueueIsGrowing",
    "RedisEvictedTasks",
    "RedisIsFull",
    "RedisRefusesWrites",
    "Row",
    "Runbook",
    "ScheduleStopped",
    "SecretWasLogged",
    "SentryIsSilent",
    "StartPage",
    "TaskIsPoisonous",
    "TasksAreStuckUnacked",
    "TasksRunTwice",
    "TenantAsksWhatHappened",
    "WorkerAnswersButDoesNothing",
    "WorkerIsGone",
    "grow_pool",
    "named_action",
    "open_runbook",
    "open_start_page",
    "shed_expired",
    "show_dashboard",
]

_NAMES = {
    "actions.action_file": ("named_action",),
    "actions.celery": ("grow_pool", "shed_expired"),
    "actions.step": ("Action", "Manual"),
    "decisions": ("Row",),
    "session": ("Finding", "Runbook", "open_runbook"),
    "symptoms.critical_vulnerability_found": ("CriticalVulnerabilityFound",),
    "symptoms.errors_are_spiking": ("ErrorsAreSpiking",),
    "start_page": ("StartPage", "open_start_page", "show_dashboard"),
    "symptoms.logs_do_not_parse": ("LogsDoNotParse",),
    "symptoms.queue_is_growing": ("QueueIsGrowing",),
    "symptoms.redis_evicted_tasks": ("RedisEvictedTasks",),
    "symptoms.redis_is_full": ("RedisIsFull",),
    "symptoms.redis_refuses_writes": ("RedisRefusesWrites",),
    "symptoms.schedule_stopped": ("ScheduleStopped",),
    "symptoms.secret_was_logged": ("SecretWasLogged",),
    "symptoms.sentry_is_silent": ("SentryIsSilent",),
    "symptoms.task_is_poisonous": ("TaskIsPoisonous",),
    "symptoms.tasks_are_stuck_unacked": ("TasksAreStuckUnacked",),
    "symptoms.tasks_run_twice": ("TasksRunTwice",),
    "symptoms.tenant_asks_what_happened": ("TenantAsksWhatHappened",),
    "symptoms.worker_answers_but_does_nothing": ("WorkerAnswersButDoesNothing",),
    "symptoms.worker_is_gone": ("WorkerIsGone",),
}
"""Module below this package -> the public names that it defines."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import the module of a public name when it is first used: symptoms import pandas."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
