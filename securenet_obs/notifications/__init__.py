"""Notifications on changes of verdicts, and check-ins of validations with Sentry."""

from securenet_obs.notifications.announcing import (
    StandingsOpener,
    announce,
    check_in_runs,
    notify_changes,
)
from securenet_obs.notifications.standings import Standings, parse_standings

__all__ = [
    "Standings",
    "StandingsOpener",
    "announce",
    "check_in_runs",
    "notify_changes",
    "parse_standings",
]
