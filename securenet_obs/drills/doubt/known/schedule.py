"""Known faults of beat, and of the tasks that it sends."""

from functools import partial

from securenet_obs.drills.doubt.known_fault import KnownFault, expect_alarm
from securenet_obs.drills.doubt.parts import break_part, stop_part

_SCHEDULE = "07_the_schedule_is_ticking"
_CELERY = "03_celery_round_trips_tasks"
_TICKS = "beat ticks"
_CHECK_INS = "Sentry has the check-ins"
_SENT = "a due entry is sent"
_RUNS = "every tenant's task is enqueued and runs"


FAULTS = (
    KnownFault(
        "beat-stopped",
        "Beat does not run.",
        partial(stop_part, part="beat"),
        expect_alarm(_SCHEDULE, _SENT, _RUNS, _TICKS, _CHECK_INS, deadline_s=2, oldest_tick_s=0.1)
        + expect_alarm(_CELERY, _TICKS, oldest_tick_s=0.5),
    ),
    KnownFault(
        "entries-overdue",
        "Beat reports entries as overdue, without a last time.",
        partial(break_part, part="beat", changes=("schedule.report_overdue",)),
        expect_alarm(
            _SCHEDULE,
            _SENT,
            "every entry has a last and a next time",
            "no entry is overdue",
            may_fail=(_RUNS, _CHECK_INS),
            deadline_s=2,
        ),
    ),
    KnownFault(
        "last-times-in-the-future",
        "Beat believes last times of a clock that is a year ahead.",
        partial(break_part, part="beat", changes=("schedule.believe_future_times",)),
        expect_alarm(
            _SCHEDULE,
            _SENT,
            _RUNS,
            "every next time lies within its period",
            _CHECK_INS,
            deadline_s=2,
        ),
    ),
    KnownFault(
        "entry-forgotten",
        "Beat has an entry less, a clock an hour ahead, and no check-ins.",
        partial(
            break_part,
            part="beat",
            changes=(
                "schedule.forget_entry",
                "schedule.tick_ahead",
                "sentry.forget_check_ins",
            ),
        ),
        expect_alarm(
            _SCHEDULE, "every entry of this release is scheduled", _TICKS, _CHECK_INS, deadline_s=12
        )
        + expect_alarm(_CELERY, _TICKS, deadline_s=20),
    ),
    KnownFault(
        "no-tenant-dispatched",
        "The worker finds no tenants to dispatch tasks to.",
        partial(break_part, part="worker", changes=("tasks.find_no_tenant",)),
        expect_alarm(_SCHEDULE, _RUNS, deadline_s=12),
    ),
)
"""The faults, grouped by part."""
