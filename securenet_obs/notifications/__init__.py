"""Notifications on changes of verdicts, and check-ins of validations with Sentry."""

from securenet_obs.notifications.announcing import announce

__all__ = ["announce"]
